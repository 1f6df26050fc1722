/** The address of the page: it may say a whole state, behind the `#`. */

export class Address {
  #isFollowed = false;
  /** Where time stood when it was given or followed. */
  #position = 0;

  /** It says a state that is not shown any more: it says nothing now. */
  forget(): void {
    if (location.hash !== '' && !this.#isFollowed) history.replaceState(null, '', location.pathname + location.search);
  }

  /** What it says, this, could not be shown as it says it. */
  drop(hash: string): void {
    if (location.hash === hash) this.forget();
  }

  /** Time stands here: an address that says another moment is forgotten. */
  moved(position: number): void {
    if (position !== this.#position) this.forget();
  }

  /** While what it says is being opened, it stays. */
  async follow<T>(open: () => Promise<T>, position: () => number): Promise<T> {
    this.#isFollowed = true;
    try {
      return await open();
    } finally {
      this.#position = position();
      this.#isFollowed = false;
    }
  }

  /** Says this state now. */
  say(hash: string, position: number): void {
    this.#position = position;
    history.replaceState(null, '', `#${hash}`);
  }
}
