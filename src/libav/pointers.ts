/**
 * Native addresses as plain numbers.
 *
 * `Deno.UnsafePointer` and its views need the `ffi` permission for all paths; a number does not. So
 * every pointer is declared `usize`, which is a bigint in JavaScript, and branded at compile time with
 * the type it points to: passing a packet for a codec context does not compile.
 */
declare const kind: unique symbol;

/** The address of a native `K`, or {@link NULL}. Valid in this process only, until it is freed. */
export type Ptr<K> = bigint & { readonly [kind]: K };

/** The address of a pointer to a `K`: C's `K **`. */
export type Cell<K> = Ptr<{ readonly cell: K }>;

/** Brands an address with the type it points to, at compile time only. */
export function pointer<K>(address: bigint): Ptr<K> {
  return address as Ptr<K>;
}

/** The null pointer, of every type. */
export const NULL = pointer<never>(0n);

/** A pointer type in a symbol table. `size_t` and addresses are both `usize`. */
export type PointerType<K> = "usize" & { readonly [kind]: K };

/** A `K *` parameter or result in a symbol table. */
function pointerType<K extends string>(_kind: K): PointerType<K> {
  return "usize" as PointerType<K>;
}

/** A `K **` parameter in a symbol table. */
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

/** The functions of a symbol table, with branded pointers; null for a missing optional one. */
export type Calls<T> = {
  readonly [Name in keyof T]: T[Name] extends { readonly optional: true } ? Call<T[Name]> | null
    : Call<T[Name]>;
};
