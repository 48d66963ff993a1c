/**
 * Native addresses as plain numbers.
 *
 * `Deno.UnsafePointer` and its views need `ffi` for all paths; a number does not. So every
 * pointer is declared `usize`, which is a bigint in JavaScript, and what it points to is a brand
 * that only the compiler sees: a packet passed for a codec context does not compile.
 */
declare const kind: unique symbol;

/** The address of a native `K`. May be {@link NULL}. Never valid in another process or after a free. */
export type Ptr<K> = bigint & { readonly [kind]: K };

/** The address of a variable that holds a pointer to a `K`: C's `K **`. */
export type Cell<K> = Ptr<{ readonly cell: K }>;

/** Says what an address points to. The brand exists for the compiler alone. */
export function pointer<K>(address: bigint): Ptr<K> {
  return address as Ptr<K>;
}

/** No address; fits wherever a pointer is wanted. */
export const NULL = pointer<never>(0n);

/** C types as they appear in the symbol tables. `size_t` and addresses are both `usize`. */
export type PointerType<K> = "usize" & { readonly [kind]: K };

/** A pointer parameter or result of kind `K` for a symbol table. */
function pointerType<K extends string>(_kind: K): PointerType<K> {
  return "usize" as PointerType<K>;
}

/** A `K **` parameter for a symbol table. */
function cellType<K extends string>(_kind: K): PointerType<{ readonly cell: K }> {
  return "usize" as PointerType<{ readonly cell: K }>;
}

export { cellType as cell, pointerType as ptr };

type Argument<T> = T extends PointerType<infer K> ? Ptr<K>
  : T extends Deno.NativeType ? Deno.ToNativeType<T>
  : never;

type Outcome<T> = T extends PointerType<infer K> ? Ptr<K>
  : T extends "void" ? void
  : T extends Deno.NativeType ? Deno.FromNativeType<T>
  : never;

type Arguments<P extends readonly unknown[]> = { -readonly [I in keyof P]: Argument<P[I]> };

type Call<F> = F extends
  { readonly parameters: infer P extends readonly unknown[]; readonly result: infer R } ? (
    ...args: Arguments<P>
  ) => F extends { readonly nonblocking: true } ? Promise<Outcome<R>> : Outcome<R>
  : never;

/** The functions of a symbol table, with branded pointers; null for an optional one that is missing. */
export type Calls<T> = {
  readonly [Name in keyof T]: T[Name] extends { readonly optional: true } ? Call<T[Name]> | null
    : Call<T[Name]>;
};
