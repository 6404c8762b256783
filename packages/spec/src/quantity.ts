declare const quantityBrand: unique symbol

/** An exact Kubernetes quantity: nano-units on BigInt, and the suffix family it was written in. */
export interface Quantity {
  readonly [quantityBrand]: true
  readonly nano: bigint
  readonly format: "DecimalSI" | "BinarySI" | "DecimalExponent"
}

/** Parses the full Kubernetes grammar; undefined for what is none. */
export function parseQuantity(_text: string): Quantity | undefined {
  throw new Error("quantity is being built")
}

/** Canonical text: no fraction, the largest suffix without loss, the family kept. */
export function formatQuantity(_quantity: Quantity): string {
  throw new Error("quantity is being built")
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export function compareQuantities(_a: Quantity, _b: Quantity): number {
  throw new Error("quantity is being built")
}

export function addQuantities(_a: Quantity, _b: Quantity): Quantity {
  throw new Error("quantity is being built")
}

export function subtractQuantities(_a: Quantity, _b: Quantity): Quantity {
  throw new Error("quantity is being built")
}

/** Whole units, rounded up: bytes of a memory quantity. Safe up to 2^53. */
export function toUnits(_quantity: Quantity): number {
  throw new Error("quantity is being built")
}

/** Thousandths, rounded up: millicores of a cpu quantity. */
export function toMilli(_quantity: Quantity): number {
  throw new Error("quantity is being built")
}
