/** The address of the page: it may say a whole state, behind the `#`. */

export class Address {
  #isFollowed = false;

  /** It says a state that is not shown any more: it says nothing now. */
  forget(): void {
    if (location.hash !== '' && !this.#isFollowed) history.replaceState(null, '', location.pathname + location.search);
  }

  /** While what it says is being opened, it stays. */
  async follow(open: () => Promise<void>): Promise<void> {
    this.#isFollowed = true;
    try {
      await open();
    } finally {
      this.#isFollowed = false;
    }
  }

  /** Says this state now. */
  say(hash: string): void {
    history.replaceState(null, '', `#${hash}`);
  }
}
