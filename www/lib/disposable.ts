/** `Symbol.dispose` where the platform has none yet, as Node's own types have it. */
declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}

/** The symbol that `using` asks for. */
export const DISPOSE: typeof Symbol.dispose = (Symbol.dispose ?? Symbol.for('Symbol.dispose')) as typeof Symbol.dispose;
