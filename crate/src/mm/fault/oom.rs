//! The OOM killer (Linux `mm/oom_kill.c`): the process whose death frees most memory dies.

use crate::event::Note;
use crate::ids::TaskId;
use crate::mm::kernel::Kernel;

impl Kernel {
    /// Kills the worst process and takes its memory. Whether memory was freed at once: not if the victim is
    /// the current task, which must unwind first (Linux `out_of_memory`).
    pub(super) fn out_of_memory(&mut self) -> bool {
        self.call("out_of_memory", |k| {
            let Some(victim) = k.call("select_bad_process", Self::select_bad_process) else { return false };
            k.vm_events.oom_kill += 1;
            k.call_with("oom_kill_process", Note::Value { name: "task", value: victim.0.into() }, |k| k.oom_kill_process(victim))
        })
    }

    /// All who share the memory die with it (Linux `__oom_kill_process`).
    fn oom_kill_process(&mut self, victim: TaskId) -> bool {
        let mm = self.tasks[victim].mm;
        for (_, task) in self.tasks.iter_mut().filter(|(_, task)| task.mm == mm) {
            task.oom_killed = true;
            self.oom_kills += 1;
        }
        if mm == self.current_mm() {
            return false;
        }
        // It is the victim that lets go of its memory.
        let killer = std::mem::replace(&mut self.current, victim);
        self.reap_mm(mm);
        self.current = killer;
        true
    }

    /// The living task with the largest badness, the youngest among equals (Linux `oom_evaluate_task`).
    fn select_bad_process(&mut self) -> Option<TaskId> {
        let living: Vec<_> = self.tasks.iter().filter(|(_, task)| !task.oom_killed).map(|(id, _)| id).collect();
        let mut worst: Option<(i64, TaskId)> = None;
        for task in living {
            let Some(points) = self.oom_badness(task) else { continue };
            if worst.is_none_or(|(most, _)| points >= most) {
                worst = Some((points, task));
            }
        }
        worst.map(|(_, task)| task)
    }

    /// The badness of a task; `None` if it must live.
    fn oom_badness(&mut self, task: TaskId) -> Option<i64> {
        self.call_with("oom_badness", Note::Value { name: "task", value: task.0.into() }, |k| {
            let mm = &k.mms[k.tasks[task].mm];
            let (rss, tables) = (mm.rss_total(), mm.tables.count);
            let points = k.tasks[task].oom_badness(mm, k.phys.total_frames().into());
            k.say(Note::Value { name: "resident pages", value: rss });
            k.say(Note::Value { name: "page tables", value: tables });
            k.say(Note::Value { name: "points", value: points.unwrap_or(0).max(0) as u64 });
            points
        })
    }
}
