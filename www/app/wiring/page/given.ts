/** What elements are given that the model does not have so. */
import type { FrameDetail } from '../../../lib/index.ts';
import type { Run as ChartRun } from '../../interface/charts/pf-charts.ts';
import type { FirstStep } from '../../interface/story/pf-story.ts';
import { firstStepOf } from '../../model/lines.ts';
import { type Block, blockAt, blocks } from '../../model/smaps.ts';
import { type Untouched, untouchedBy } from '../../model/untouched.ts';
import type { Model } from '../../model/model.ts';
import { words } from '../../texts/page.ts';
import type { Areas, At, Opened, ProcessInfo } from '../../worker/protocol.ts';
import { Once } from './once.ts';

export class Given {
  readonly #model: Model;
  readonly #texts = new Once<At | null, ReadonlyMap<string, string>>();
  readonly #names = new Once<readonly ProcessInfo[] | null, Readonly<Record<number, string>>>();
  readonly #blocks = new Once<string, ReturnType<typeof blocksOf>>();
  readonly #first = new Once<Opened, FirstStep>();
  readonly #areas = new Once<At | null, Readonly<Record<number, Areas>>>();

  constructor(model: Model) {
    this.#model = model;
  }

  processNames(): Readonly<Record<number, string>> {
    return this.#names.of(this.#model.at?.processes ?? null, (processes) => Object.fromEntries((processes ?? []).map(({ pid, name }) => [pid, name])));
  }

  /** The areas of the processes that are drawn: the story names places by them. */
  areasByProcess(): Readonly<Record<number, Areas>> {
    return this.#areas.of(this.#model.at, (at) => Object.fromEntries((at?.lanes ?? []).flatMap(({ pid, areas }) => (areas ? [[pid, areas]] : []))));
  }

  /** What written pages begin with, by process and page. */
  texts(): ReadonlyMap<string, string> {
    return this.#texts.of(this.#model.at, (at) => new Map((at?.lanes ?? []).flatMap(({ pid, texts }) => texts.map(([page, text]) => [`${pid}:${page}`, text] as const))));
  }

  /** Of a dump: what it says of the area that is selected, null if it tells no costs. Undefined: this machine knows. */
  costs(): string | null | undefined {
    const { opened, kind, selection, text } = this.#model;
    if (!opened?.dump) return undefined;
    if (kind !== 'smaps' || !selection) return null;
    const { lines, all } = this.#blocks.of(text, (whole) => blocksOf(whole.split('\n')));
    const block = all[blockAt(all, selection.addr)];
    return block ? lines.slice(block.from, block.to).join('\n') : null;
  }

  /** Why nothing may be in RAM: what the text does not tell. */
  untouched(): Untouched {
    return untouchedBy(this.#model.opened, this.#model.history.tracks);
  }

  /** What the first step will run, while nothing has run. */
  firstStep(): FirstStep | null {
    const { opened, position, text, doing } = this.#model;
    return doing || position > 0 || !opened || opened.dump || opened.length === 0 ? null : this.#first.of(opened, ({ lines }) => firstStepOf(text, lines[0]!));
  }

  /** This run and those under other settings. */
  runs(): readonly ChartRun[] {
    return [{ name: '', tracks: this.#model.history.tracks, ran: null }, ...this.#model.runs.map((ran) => ({ name: ran.title, tracks: ran.tracks, ran }))];
  }

  /** Whose a frame is, and how often it is mapped. */
  readonly ownerOf = async (pfn: number): Promise<string | null> => {
    const frame = await this.#model.ask<FrameDetail>({ of: 'frame', pfn });
    return frame && words.frameOwner(frame.owner, frame.mappers.map(({ pid, addr }) => words.mapperAt(this.processNames()[pid] ?? '', pid, addr)));
  };
}

const blocksOf = (lines: readonly string[]): { readonly lines: readonly string[]; readonly all: readonly Block[] } => ({ lines, all: blocks(lines) });
