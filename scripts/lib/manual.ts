/** The manual page, from the tables that `--help` is made from: man(7), read by man and mandoc. */
import {
  COMMAND_NAMES,
  type CommandName,
  COMMANDS,
  COMMON_OPTIONS,
  type OptionName,
  OPTIONS,
} from "../../src/cli/commands.ts";
import { EXIT_MEANINGS, optionForms } from "../../src/cli/help.ts";

const FILES: Readonly<Record<string, string>> = {
  "/etc/orion/orion.yaml": "the configuration of the service",
  "/etc/orion/environment": "variables for the configuration, one NAME=VALUE to a line",
  "/var/cache/orion": "compiled code; nothing else is ever written",
};

/** @param version  Orion's version */
export function manualText(version: string): string {
  const parts = [
    `.TH ORION 1 "" "orion ${roff(version)}" "User Commands"`,
    section("NAME", "orion \\- cameras in, detections out"),
    section("SYNOPSIS", `.B orion\n.I COMMAND\n.RI [ OPTIONS ]`),
    section(
      "DESCRIPTION",
      "Reads cameras over RTSP, finds people and other objects in the picture with ONNX models, and " +
        "publishes what it found over MQTT. Each command runs with the permissions that the " +
        "configuration needs, and no others.",
    ),
    section("COMMANDS", COMMAND_NAMES.map(commandText).join("\n")),
    section("OPTIONS", COMMON_OPTIONS.map(optionText).join("\n")),
    section("EXIT STATUS", exitCodes()),
    section("ENVIRONMENT", tagged("ORION_CONFIG", "the configuration, without --config")),
    section("FILES", Object.entries(FILES).map(([path, what]) => tagged(path, what)).join("\n")),
  ];
  return `${parts.join("\n")}\n`;
}

function section(name: string, text: string): string {
  return `.SH ${name}\n${text}`;
}

function commandText(name: CommandName): string {
  const { usage, about, options } = COMMANDS[name];
  const forms = usage.map(([words, meaning]) =>
    meaning === undefined ? `.B orion ${roff(words)}` : tagged(`orion ${words}`, meaning)
  );
  const own = options.length === 0 ? "" : `\n.RS\n${options.map(optionText).join("\n")}\n.RE`;
  return `.SS ${name}\n${forms.join("\n")}\n.PP\n${roff(about.join(" "))}${own}`;
}

function optionText(name: OptionName): string {
  return tagged(optionForms(name), OPTIONS[name].help.join(" "));
}

function exitCodes(): string {
  return EXIT_MEANINGS.map(([code, meaning]) => tagged(String(code), meaning)).join("\n");
}

function tagged(tag: string, text: string): string {
  return `.TP\n.B ${roff(tag)}\n${roff(text)}`;
}

/** Text as roff reads it: minus signs that stay, no escapes, no request at the start of a line, code in bold. */
function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^([.'])/gm, "\\&$1")
    .replace(/`([^`]+)`/g, "\\fB$1\\fR");
}
