/** All panels: importing this defines them. */
export type { InspectorTab, PanelEvents } from './events.ts';
export { INSPECTOR_TABS } from './events.ts';
export { PfRows } from './pf-rows.ts';
export { PfInspector } from './inspector/pf-inspector.ts';
export { PfStory } from './story/pf-story.ts';
export { PfTime } from './time/pf-time.ts';
export { type Run, PfCharts } from './charts/pf-charts.ts';
export { PfCompare } from './compare/pf-compare.ts';
export { PfBranches } from './branches/pf-branches.ts';
export { PfAccount } from './account/pf-account.ts';
export { PfDump } from './account/pf-dump.ts';
