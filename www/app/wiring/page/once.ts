/** What is made of a value is made once as long as it is the same: then an element sees that nothing changed. */
export class Once<V, R> {
  #of: V | undefined;
  #made: R | undefined;

  of(value: V, make: (value: V) => R): R {
    if (this.#made === undefined || value !== this.#of) {
      this.#of = value;
      this.#made = make(value);
    }
    return this.#made;
  }
}
