/** Generates `docs/configuration.md` from the schema of the configuration. */
import { configJsonSchema } from "./config_schema.ts";
import { anchorOf, markdownTable } from "./markdown.ts";

/** The part of JSON Schema that zod writes. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly items?: Schema | readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** The keys at one place. */
interface Section {
  /** `cameras[].zones[]`; "" for the file. */
  readonly path: string;
  readonly schema: Schema;
}

const HEAD = `# Configuration

Every key, generated from the schema that Orion reads the file with. The [README](../README.md)
shows a small configuration, [examples](../examples/README.md) has complete ones, \`orion init\`
writes one for your cameras, and \`orion check\` lists every mistake with its place.

A key without a default may be absent, unless it is required. \`\${NAME}\` in a text is a variable of
the environment, \`$\${\` a plain \`\${\`. Paths are relative to the folder of the configuration. Unknown
keys are errors.
`;

/** The text of the page. */
export function configPage(schema: Schema = configJsonSchema()): string {
  return [
    HEAD,
    ...sectionsOf({ path: "", schema }).map((section) => {
      const heading = section.path === "" ? "The file" : section.path;
      return `\n## ${heading}\n\n${markdownTable(rowsOf(section))}`;
    }),
  ].join("");
}

/** Every key with its path, as \`cameras[].url\`. */
export function configKeys(schema: Schema = configJsonSchema()): string[] {
  return sectionsOf({ path: "", schema }).flatMap(({ path, schema }) =>
    Object.keys(schema.properties ?? {}).map((key) => joined(path, key))
  );
}

function sectionsOf(section: Section): Section[] {
  const inside = Object.entries(section.schema.properties ?? {}).flatMap(([key, schema]) => {
    const found = keyed(joined(section.path, key), schema);
    return found === null ? [] : sectionsOf(found);
  });
  return [section, ...inside];
}

/** The keys within a value: its own, those of the items of a list, or of one of its forms. */
function keyed(path: string, schema: Schema): Section | null {
  if (schema.properties !== undefined) return { path, schema };
  if (schema.items !== undefined && !isTuple(schema.items)) {
    return keyed(`${path}[]`, schema.items);
  }
  for (const form of schema.anyOf ?? []) {
    const found = keyed(path, form);
    if (found !== null) return found;
  }
  return null;
}

function isTuple(items: Schema | readonly Schema[]): items is readonly Schema[] {
  return Array.isArray(items);
}

function joined(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function rowsOf({ path, schema }: Section): string[][] {
  const rows = Object.entries(schema.properties ?? {}).map(([key, value]) => [
    `\`${key}\``,
    valueOf(value, joined(path, key)),
    defaultOf(key, value, schema),
    value.description ?? "",
  ]);
  return [["key", "value", "default", "means"], ...rows];
}

function defaultOf(key: string, value: Schema, parent: Schema): string {
  if (value.default !== undefined) {
    // What an object without keys stands for is in its own table.
    const text = JSON.stringify(value.default);
    return text === "{}" ? "" : `\`${text.replace(/^"(.*)"$/, "$1")}\``;
  }
  return parent.required?.includes(key) === true ? "required" : "";
}

/** The values that a key takes. */
function valueOf(schema: Schema, path: string): string {
  if (schema.properties !== undefined) return `[keys](#${anchorOf(path)})`;
  if (schema.anyOf !== undefined) {
    return [...new Set(schema.anyOf.map((form) => valueOf(form, path)))].join(" or ");
  }
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${word}\``).join(", ");
  if (schema.type === "boolean") return "`true`, `false`";
  if (schema.type === "array") return listOf(schema, path);
  const bounds = schema.minimum === undefined ? "" : `, ${schema.minimum} to ${schema.maximum}`;
  if (schema.type === "integer") return `whole number${bounds}`;
  if (schema.type === "number") return `number${bounds}`;
  return "text";
}

function listOf({ items, maxItems }: Schema, path: string): string {
  if (items === undefined) return "list";
  if (isTuple(items)) {
    const [first = {}] = items;
    return items.length === 2 ? "`[x, y]`" : `list of ${items.length}: ${valueOf(first, path)}`;
  }
  const most = maxItems === undefined ? "" : ` of at most ${maxItems}`;
  const item = valueOf(items, `${path}[]`);
  return `list${most}: ${item}`;
}
