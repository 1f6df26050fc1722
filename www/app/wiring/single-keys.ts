/** Whether keys of one character are commands: they are, until one turns them off; the choice is kept. */
const KEY = 'pagefault.singleKeys';

let isOff = kept();

function kept(): boolean {
  try {
    return localStorage.getItem(KEY) === 'off';
  } catch {
    return false;
  }
}

export const singles = {
  get areOn(): boolean {
    return !isOff;
  },

  turn(isOn: boolean): void {
    isOff = !isOn;
    try {
      localStorage.setItem(KEY, isOn ? 'on' : 'off');
    } catch {
      // Then it lasts as long as the page.
    }
  },
};
