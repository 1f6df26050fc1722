/** How many of the first `count` numbers, which ascend, are not above `value`. */
export function above(numbers: ArrayLike<number>, value: number, count = numbers.length): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
