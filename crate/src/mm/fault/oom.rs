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
        self.reap_mm(mm);
        true
    }

    /// The living task with the largest badness, the youngest among equals (Linux `oom_evaluate_task`).
    fn select_bad_process(&mut self) -> Option<TaskId> {
        let living: Vec<_> = self.tasks.iter().filter(|(_, task)| !task.oom_killed).map(|(id, _)| id).collect();
        let mut worst: Option<(u64, TaskId)> = None;
        for task in living {
            let points = self.oom_badness(task);
            if worst.is_none_or(|(most, _)| points >= most) {
                worst = Some((points, task));
            }
        }
        worst.map(|(_, task)| task)
    }

    /// Pages that the death of a task would free: resident ones and page tables.
    fn oom_badness(&mut self, task: TaskId) -> u64 {
        self.call_with("oom_badness", Note::Value { name: "task", value: task.0.into() }, |k| {
            let mm = &k.mms[k.tasks[task].mm];
            let (rss, tables) = (mm.rss_total(), mm.tables.count);
            k.say(Note::Value { name: "resident pages", value: rss });
            k.say(Note::Value { name: "page tables", value: tables });
            k.say(Note::Value { name: "points", value: rss + tables });
            rss + tables
        })
    }
}
