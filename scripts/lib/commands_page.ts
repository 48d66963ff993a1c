/** Generates `docs/commands.md` from the table of commands. */
import { COMMAND_NAMES, COMMANDS } from "../../src/cli/commands.ts";
import { helpText } from "../../src/cli/help.ts";

const HEAD = `# Commands

What \`--help\` prints, generated from the same table. In a checkout \`deno task COMMAND\` is
\`orion COMMAND\`.
`;

/** The text of the page. */
export function commandsPage(): string {
  const sections = COMMAND_NAMES.map((name) => {
    const { summary } = COMMANDS[name];
    return `\n## ${name}\n\n${sentence(summary)}\n\n${block(helpText(name))}`;
  });
  return [HEAD, ...sections].join("");
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

function block(text: string): string {
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;
}
