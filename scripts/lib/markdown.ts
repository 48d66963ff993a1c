/** Parts of generated Markdown, as `deno fmt` writes them. */

/** A table with its columns aligned. @param rows  the head first, each with as many cells */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const [head = [], ...body] = cells;
  const widths = head.map((_, column) =>
    Math.max(3, ...cells.map((row) => [...row[column] ?? ""].length))
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell + padding(cell, widths[column] ?? 0)).join(" | ")} |\n`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("");
}

function padding(cell: string, width: number): string {
  return " ".repeat(width - [...cell].length);
}

/** The anchor of a heading, as GitHub makes it. */
export function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-");
}
