/** What the parts of the page have around them. */
import type { Model } from '../../model/model.ts';

export interface Around {
  readonly model: Model;
  /** Something may have changed: it is drawn. */
  readonly draw: () => void;
  /** Says a sentence to the reader. */
  readonly say: (sentence: string) => void;
  /** The text itself was replaced: the editor takes it. */
  readonly showText: (text: string) => void;
}
