/** Above the picture: where it is, and how it is drawn. */
import { type TemplateResult, html, nothing } from 'lit';
import type { HeatMap } from '../../../scene/heat.ts';
import type { LaneScene, SpaceScene } from '../../../scene/space/compose.ts';
import { bytesWanted, pieceInGaze } from '../../../scene/space/hit.ts';
import { HEATS, type HeatKind } from '../../../scene/theme.ts';
import { SPACE_PAGES, type Units, addressText, pagesText, permsText, shortName } from '../../../scene/units.ts';
import { panels } from '../../../texts/panels.ts';
import { pictures } from '../../../texts/pictures.ts';
import type { ProcessInfo } from '../../../worker/protocol.ts';
import type { Viewport } from './viewport.ts';

/** How the picture is drawn, as far as the reader says it. */
export interface Options {
  readonly trueScale: boolean;
  readonly lowFirst: boolean;
  readonly units: Units;
  readonly heatKind: HeatKind | null;
  readonly isTable: boolean;
}

export interface Tools extends Options {
  readonly viewport: Viewport;
  /** How often pages were touched, by process; null: nobody counts. */
  readonly heat: ReadonlyMap<number, HeatMap> | null;
  zoomBy(factor: number): void;
  change(options: Partial<Options>): void;
  /** Gives a process a lane. */
  show(pid: number): void;
}

const { memory } = panels;
const t = pictures.bar;

/** Entries of the menu of processes. */
const MOST_PROCESSES = 200;

export function bar(of: Tools): TemplateResult {
  return html`
      <div class="pf-space-bar">
        <nav class="pf-crumbs" aria-label=${t.where}>${crumbs(of)}</nav>
        <div class="pf-tools" role="toolbar" aria-label=${t.how}>${tools(of)}</div>
      </div>`;
}

/** The space, the area and the page that fill the window: each leads back to itself. */
function crumbs(of: Tools): TemplateResult {
  const { viewport, units } = of;
  const { scene, lane } = viewport;
  const all = html`<button type="button" @click=${() => viewport.fit()} ?disabled=${viewport.view === null} title=${t.all}>${pagesText(SPACE_PAGES, units)}</button>`;
  const piece = scene && lane ? pieceThatFills(scene, lane) : null;
  if (of.trueScale && (!scene || !lane || piece === null)) return html`${all}<span class="pf-scale-note" title=${memory.toScaleWords}>${memory.toScale}</span>`;
  if (!scene || !lane || piece === null) return all;
  const { data: { areas, pid }, layout: { axis, first } } = lane;
  const area = first[piece]!;
  const [from, to] = [axis.start[piece]!, axis.start[piece + 1]!];
  const bytes = bytesWanted(scene);
  return html`${all}<span aria-hidden="true">›</span>
      <button type="button" @click=${() => viewport.zoomTo({ pid, from, to })}>${shortName(areas.names[areas.name[area]!] ?? '')} ${permsText(areas.perms[area]!)}</button>
      ${bytes ? html`<span aria-hidden="true">›</span><button type="button" @click=${() => viewport.zoomTo({ pid, from: bytes.page, to: bytes.page + 1 })}>${t.page(addressText(bytes.page, units))}</button>` : nothing}`;
}

/** The piece that the reader looks at, if it has most of the window to itself. */
function pieceThatFills(scene: SpaceScene, lane: LaneScene): number | null {
  if (lane.data.areas.count === 0) return null;
  const piece = pieceInGaze(scene, lane);
  return lane.layout.parts[piece] === 0 || lane.layout.axis.piece(piece, lane.zoom).h < lane.box.h * 0.6 ? null : piece;
}

function tools(of: Tools): TemplateResult {
  const { units, viewport, trueScale, lowFirst, isTable } = of;
  const isHex = units.addresses === 'hex';
  const isBytes = units.sizes === 'bytes';
  return html`
          ${others(of)}
          <button type="button" @click=${() => of.zoomBy(1 / 1.5)} aria-label=${t.zoomOut} title=${t.zoomOutKey}>−</button>
          <button type="button" @click=${() => of.zoomBy(1.5)} aria-label=${t.zoomIn} title=${t.zoomInKey}>+</button>
          <button type="button" @click=${() => viewport.fit()} title=${t.fitWords}>${t.fit}</button>
          <button type="button" aria-pressed=${trueScale} @click=${() => of.change({ trueScale: !trueScale })} title=${t.scaleWords}>${t.scale}</button>
          <button type="button" @click=${() => of.change({ lowFirst: !lowFirst })} title=${t.directionWords}>${t.direction(lowFirst)}</button>
          <button type="button" @click=${() => of.change({ units: { ...units, addresses: isHex ? 'dec' : 'hex' } })} title=${t.addressesWords}>${t.addresses(isHex)}</button>
          <button type="button" @click=${() => of.change({ units: { ...units, sizes: isBytes ? 'pages' : 'bytes' } })} title=${t.sizesWords}>${t.sizes(isBytes)}</button>
          ${of.heat ? heats(of) : nothing}
          <button type="button" aria-pressed=${isTable} @click=${() => of.change({ isTable: !isTable })} title=${t.tableWords}>${t.table}</button>
        `;
}

/** Processes that live and have no lane. */
function others(of: Tools): TemplateResult | typeof nothing {
  const { viewport } = of;
  const hidden: readonly ProcessInfo[] = viewport.composer.alive.filter(({ pid }) => !viewport.scene?.lanes.some(({ data }) => data.pid === pid));
  // The table has a menu of its own.
  if (hidden.length === 0 || of.isTable) return nothing;
  const chosen = ({ target }: Event): void => {
    const menu = target as HTMLSelectElement;
    const pid = Number(menu.value);
    menu.value = '';
    if (pid) of.show(pid);
  };
  return html`<select class="pf-others" aria-label=${t.others} @change=${chosen}>
            <option value="">${t.moreOthers(hidden.length)}</option>
            ${hidden.slice(0, MOST_PROCESSES).map(({ pid, name }) => html`<option value=${pid}>${pid} · ${name}</option>`)}
          </select>`;
}

function heats(of: Tools): TemplateResult {
  const { heatKind } = of;
  return html`<select aria-label=${t.heat} @change=${({ target }: Event) => of.change({ heatKind: ((target as HTMLSelectElement).value || null) as HeatKind | null })}>
            <option value="" ?selected=${heatKind === null}>${t.noHeat}</option>
            ${HEATS.map((kind) => html`<option value=${kind} ?selected=${heatKind === kind}>${t.heatOf(kind)}</option>`)}
          </select>`;
}
