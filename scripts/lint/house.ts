/**
 * A plugin of `deno lint`: the rules of the house that the syntax tree shows. What it does not show
 * (comments, lengths of files, texts that are no TypeScript) is in `scripts/house_rules.ts`.
 */
import { fileURLToPath } from "node:url";

type Node = Deno.lint.Node;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const FUNCTION_LINES_MAX = 70;

/** Reports a node that breaks the rule; the rule's message, unless there is one that says more. */
type Report = (node: Node, message?: string) => void;

interface HouseRule {
  readonly message: string;
  readonly remedy: string;
  /** Where the rule does not hold; paths are relative to the root of the checkout. */
  readonly except?: (path: string) => boolean;
  readonly visit: (report: Report, source: Deno.lint.SourceCode) => Deno.lint.LintVisitor;
}

function lintRule({ message, remedy, except, visit }: HouseRule): Deno.lint.Rule {
  return {
    create(context) {
      const { filename, sourceCode } = context;
      const path = filename.startsWith(ROOT) ? filename.slice(ROOT.length) : filename;
      if (except?.(path) === true) return {};
      return visit(
        (node, found = message) => context.report({ node, message: found, hint: remedy }),
        sourceCode,
      );
    },
  };
}

const RULES: Readonly<Record<string, HouseRule>> = {
  "no-dlopen": {
    message: "Deno.dlopen outside src/libav",
    remedy: "native libraries are opened in that room alone: use what it exports",
    except: (path) => path.startsWith("src/libav/") || path.startsWith("tests/"),
    visit: (report) => uses({ Deno: ["dlopen"] }, report),
  },
  "no-console": {
    message: "console",
    remedy: "log through the Log that is handed in; a script writes to Deno.stdout",
    visit: (report) => uses({ console: "anything" }, report),
  },
  "no-cast-through-unknown": {
    message: "a cast through unknown",
    remedy: "check the value with a type guard, or fix the type it comes from",
    // One cast brands the pointers of all symbols: at run time they are the same functions.
    except: (path) => path === "src/libav/open_library.ts",
    visit: (report) =>
      casts((node) => {
        const { expression } = node;
        const isUnknown = isCast(expression) &&
          expression.typeAnnotation.type === "TSUnknownKeyword";
        if (isUnknown) report(node);
      }),
  },
  "no-made-instant": {
    message: "an instant made of a number",
    remedy: "move one that a clock gave, with plusMs; what comes from outside is a wallMs",
    except: (path) => path === "src/core/clock.ts" || !path.startsWith("src/"),
    visit: (report) => ({
      ...casts((node) => {
        if (isInstant(node.typeAnnotation)) report(node);
      }),
      CallExpression(node) {
        if (nameOf(node.callee) === "steadyMs") report(node);
      },
    }),
  },
  "no-time-beside-clock": {
    message: "the time, read beside the clock",
    remedy: "read it from the Clock that is handed in, so that a test can hold it",
    // The page runs in a browser, beside no Clock.
    except: (path) =>
      path === "src/core/clock.ts" || !/^(src|workers)\//.test(path) ||
      path.startsWith("src/dashboard/page/"),
    visit: (report) => uses({ Date: ["now"], performance: ["now", "timeOrigin"] }, report),
  },
  "no-thrown-value": {
    message: "a thrown string, or another value that is no error",
    remedy: "throw an OrionError with a code and a remedy",
    visit: (report) => ({
      ThrowStatement(node) {
        if (isNoError(node.argument)) report(node);
      },
    }),
  },
  "no-swallowed-error": {
    message: "a swallowed error",
    remedy: "handle it, or say in the block why nothing needs to be done",
    visit: (report, source) => {
      // A comment makes an empty block good.
      const isEmpty = (node: Node) => /^\{\s*\}$/.test(source.getText(node));
      return {
        CatchClause(node) {
          if (isEmpty(node.body)) report(node);
        },
        CallExpression(node) {
          const { callee } = node;
          if (callee.type !== "MemberExpression" || nameOf(callee) !== "catch") return;
          const [handler] = node.arguments;
          if (handler !== undefined && isFunction(handler) && isEmpty(handler.body)) report(node);
        },
      };
    },
  },
  "short-functions": {
    message: "a function that is too long",
    remedy: "give its steps names of their own",
    visit: (report, source) => {
      /** From the opening brace to the closing one. */
      const measure = ({ body }: { readonly body: Node | null }) => {
        if (body?.type !== "BlockStatement") return;
        const lines = source.getText(body).split("\n").length;
        if (lines <= FUNCTION_LINES_MAX) return;
        report(body, `a function of ${lines} lines, at most ${FUNCTION_LINES_MAX}`);
      };
      return {
        FunctionDeclaration: measure,
        FunctionExpression: measure,
        ArrowFunctionExpression: measure,
      };
    },
  },
};

/** Finds `object.name`, `object["name"]` and `const { name } = object`, for some names of some objects. */
function uses(
  objects: Readonly<Record<string, readonly string[] | "anything">>,
  report: Report,
): Deno.lint.LintVisitor {
  const namesOf = new Map(Object.entries(objects));
  const isBanned = (object: Node, name: Node) => {
    const names = namesOf.get(nameOf(object) ?? "");
    return names === "anything" || names?.includes(nameOf(name) ?? "") === true;
  };
  return {
    MemberExpression(node) {
      if (isBanned(node.object, node)) report(node);
    },
    VariableDeclarator({ id, init }) {
      if (id.type !== "ObjectPattern" || init === null) return;
      for (const property of id.properties) {
        if (property.type === "Property" && isBanned(init, property.key)) report(property);
      }
    },
  };
}

type Cast = Deno.lint.TSAsExpression | Deno.lint.TSTypeAssertion;

/** Visits `x as T` and `<T> x`. */
function casts(visit: (node: Cast) => void): Deno.lint.LintVisitor {
  return { TSAsExpression: visit, TSTypeAssertion: visit };
}

function isCast(node: Node): node is Cast {
  return node.type === "TSAsExpression" || node.type === "TSTypeAssertion";
}

/** Whether a type is an instant, or an intersection with one. */
function isInstant(type: Node): boolean {
  if (type.type === "TSIntersectionType") return type.types.some(isInstant);
  return type.type === "TSTypeReference" &&
    ["SteadyMs", "WallMs"].includes(nameOf(type.typeName) ?? "");
}

/** Whether an expression is a value written out, or put together of such. */
function isNoError(node: Node): boolean {
  if (node.type === "BinaryExpression") return isNoError(node.left) || isNoError(node.right);
  return node.type === "Literal" || node.type === "TemplateLiteral" || nameOf(node) === "undefined";
}

function isFunction(
  node: Node,
): node is Deno.lint.ArrowFunctionExpression | Deno.lint.FunctionExpression {
  return node.type === "ArrowFunctionExpression" || node.type === "FunctionExpression";
}

/** The name an expression ends with: `c` of `c`, `a.b.c` and `a.b["c"]`; null for any other. */
function nameOf(node: Node): string | null {
  if (node.type === "Identifier") return node.name;
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : null;
  if (node.type !== "MemberExpression") return null;
  if (node.computed && node.property.type !== "Literal") return null;
  return nameOf(node.property);
}

const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: Object.fromEntries(
    Object.entries(RULES).map(([name, rule]) => [name, lintRule(rule)]),
  ),
};

export default plugin;
