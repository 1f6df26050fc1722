/**
 * Shows what a word means, beside it: while it is pointed at or has the focus, and after a tap. It can be pointed at itself, and Esc
 * closes it (WCAG 1.4.13). One for all of the page; whatever has `data-term` is explained.
 */
import { GLOSSARY, type Term, type TermId } from '../../texts/glossary.ts';
import './term.css';

/** In ms: before what is pointed at is told, and before it goes. */
const PATIENCE = 300;
const LEAVE = 250;
const SLOW = 700;
const GAP = 6;

const tip = Object.assign(document.createElement('div'), { id: 'pf-tip', className: 'pf-tip', role: 'tooltip', popover: 'manual' });
document.body.append(tip);
let shown: HTMLElement | null = null;
/** What is about to be shown or hidden, by pointer or by focus: neither takes the other's away. */
const timers: Partial<Record<'pointer' | 'focus', ReturnType<typeof setTimeout>>> = {};
/** What a press began at: its focus is no reason to tell, its click may be. */
let isPressed = false;

const termOf = (target: EventTarget | null): HTMLElement | null => (target instanceof Element ? target.closest<HTMLElement>('[data-term]') : null);
const isWord = (element: HTMLElement): boolean => element.classList.contains('pf-term');

function show(element: HTMLElement): void {
  stop('pointer');
  stop('focus');
  const found: Term | undefined = GLOSSARY[element.dataset['term'] as TermId];
  if (!found || !element.isConnected) return;
  if (shown !== element) hide();
  tip.replaceChildren(Object.assign(document.createElement('b'), { textContent: found.name }), found.sentence);
  shown = element;
  element.setAttribute('aria-describedby', tip.id);
  // Above an open dialog, too.
  if (!tip.matches(':popover-open')) tip.showPopover();
  place();
}

function hide(): void {
  stop('pointer');
  stop('focus');
  if (!shown) return;
  shown.removeAttribute('aria-describedby');
  shown = null;
  tip.hidePopover();
}

/** Below the word, or above it where there is no room; it goes with a word that is out of sight. */
function place(): void {
  if (!shown) return;
  const word = shown.getClientRects()[0];
  if (!shown.isConnected || !word || word.bottom < 0 || word.top > innerHeight) return hide();
  const { width, height } = tip.getBoundingClientRect();
  const isBelow = word.bottom + GAP + height <= innerHeight || word.top < height + GAP;
  tip.style.left = `${Math.max(8, Math.min(word.left, innerWidth - width - 8))}px`;
  tip.style.top = `${isBelow ? word.bottom + GAP : word.top - GAP - height}px`;
}

const stop = (by: 'pointer' | 'focus'): void => clearTimeout(timers[by]);
const soon = (by: 'pointer' | 'focus', then: () => void, wait: number): void => {
  stop(by);
  timers[by] = setTimeout(then, wait);
};

document.addEventListener('pointerover', (event) => {
  if (event.pointerType === 'touch') return;
  const element = termOf(event.target);
  if (element && element !== shown) soon('pointer', () => show(element), shown ? 0 : PATIENCE);
  else if (element || tip.contains(event.target as Node)) stop('pointer');
  else if (shown && shown !== document.activeElement) soon('pointer', hide, LEAVE);
  else if (!shown) stop('pointer');
});
document.addEventListener('pointerdown', (event) => {
  isPressed = true;
  if (shown && !termOf(event.target) && !tip.contains(event.target as Node)) hide();
}, true);
document.addEventListener('pointerup', () => (isPressed = false), true);
document.addEventListener('focusin', (event) => {
  const element = termOf(event.target);
  // What does something else, too, is in nobody's way at once.
  if (element && !isPressed && element.matches(':focus-visible')) soon('focus', () => show(element), isWord(element) ? 0 : SLOW);
  else if (!element && shown) hide();
});
document.addEventListener('focusout', (event) => {
  if (event.target === shown || termOf(event.target)) soon('focus', hide, 0);
});
document.addEventListener('click', (event) => {
  const element = termOf(event.target);
  if (element && isWord(element)) show(element);
  else if (element) hide();
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || !shown) return;
  event.preventDefault();
  event.stopPropagation();
  hide();
}, true);
document.addEventListener('scroll', place, { capture: true, passive: true });
addEventListener('resize', place);
