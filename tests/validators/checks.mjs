// Judges HTML for tests/validators/judges.py: a request of JSON on each line, an answer of JSON on each line.
// One process for a whole test run, since starting Node and reading the rules takes most of a second.
import { createInterface } from "node:readline";
import { stdin, stdout } from "node:process";
import { caniemail } from "caniemail";
import { HtmlValidate, StaticConfigLoader } from "html-validate";

/** What the rules of html-validate find in a page: rule, place and sentence. */
async function pageFaults({ html, config }) {
  const judge = new HtmlValidate(new StaticConfigLoader(config));
  const report = await judge.validateString(html);
  return report.results.flatMap(({ messages }) =>
    messages.map(({ ruleId, line, column, message, selector }) => ({ rule: ruleId, line, column, message, selector })),
  );
}

/** What a mail program cannot show, or only in part: each feature once, with the line of its first use. */
function mailFaults({ html, client }) {
  const { issues } = caniemail({ clients: [client], html });
  const found = [...issues.errors.values(), ...issues.warnings.values()].flat();
  return found.map(({ title, support, notes, position }) => ({ feature: title, support, notes, line: position?.start.line }));
}

const checks = { page: pageFaults, mail: mailFaults };
for await (const line of createInterface({ input: stdin })) {
  const { check, ...request } = JSON.parse(line);
  stdout.write(JSON.stringify(await checks[check](request)) + "\n");
}
