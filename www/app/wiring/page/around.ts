/** What the parts of the page have around them. */
import type { Model } from '../../model/model.ts';

export interface Around {
  readonly model: Model;
  /** Something may have changed: it is drawn. */
  readonly draw: () => void;
  /** Says a sentence to the reader. */
  readonly say: (sentence: string) => void;
  /** Takes a sentence back, if it is still there: what it asks for has been done. */
  readonly unsay: (sentence: string) => void;
  /** Says what is found out of the text that is there now: nothing any more, once another one is there. */
  readonly sayOfThis: () => (sentence: string) => void;
  /** Another text takes the place of this one: what was said of it goes. */
  readonly another: () => void;
  /** The text itself was replaced: the editor takes it. */
  readonly showText: (text: string) => void;
  /** A text will be shown: what takes long of that is done in short tasks. */
  readonly prepareText: (text: string) => Promise<void>;
  /** What is being typed is told of at once. */
  readonly settleText: () => void;
}
