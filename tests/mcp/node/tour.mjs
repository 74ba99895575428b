// Everything that a server offers, asked for once: the same tour with and without the proxy.

/** What differs from one run to the next, told by its shape. */
const VOLATILE = [
  [/\d{1,2}:\d{2}:\d{2}( [AP]M)?( \w+)?/g, "TIME"],
  [/\d{4}-\d{2}-\d{2}T[\d:.]+Z?/g, "TIME"],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UUID"],
  [/\w{3} \w{3} \d{2} \d{4}[^"\\]*/g, "TIME"],
];

function settled(value) {
  // A blob of server-everything tells the time as well.
  const text = JSON.stringify(value ?? null, (key, value) => (key === "blob" ? atob(value) : value));
  return JSON.parse(VOLATILE.reduce((text, [shape, name]) => text.replaceAll(shape, name), text));
}

/** The answer, or the error: both must be the same through the proxy. */
async function told(promise) {
  try {
    return settled(await promise);
  } catch (error) {
    return { error: settled({ code: error.code, message: error.message }) };
  }
}

/**
 * @param calls - Tool calls: name and arguments.
 * @returns Answers by what was asked.
 */
export async function tour(client, { calls, prompts = [], resources = [] }) {
  const answers = { server: settled(client.getServerVersion()), capabilities: settled(client.getServerCapabilities()) };
  answers.instructions = settled(client.getInstructions());
  answers.tools = await told(client.listTools());
  answers.prompts = await told(client.listPrompts());
  answers.resources = await told(client.listResources());
  answers.templates = await told(client.listResourceTemplates());
  for (const [name, args] of calls) answers[`call ${name} ${JSON.stringify(args)}`] = await told(client.callTool({ name, arguments: args }));
  for (const [name, args] of prompts) answers[`prompt ${name}`] = await told(client.getPrompt({ name, arguments: args }));
  for (const uri of resources) answers[`resource ${uri}`] = await told(client.readResource({ uri }));
  return answers;
}

export const EVERYTHING = {
  calls: [
    ["echo", { message: "hello \u{1f44b} \u0000 \\ \"" }],
    ["get-sum", { a: 2, b: 40.5 }],
    ["get-sum", { a: "two" }],
    ["get-tiny-image", {}],
    ["get-annotated-message", { messageType: "error", includeImage: true }],
    ["get-structured-content", { location: "New York" }],
    ["get-resource-links", { count: 3 }],
    ["get-resource-reference", { resourceType: "Text", resourceId: 1 }],
    ["trigger-long-running-operation", { duration: 0.2, steps: 2 }],
    ["no-such-tool", {}],
  ],
  prompts: [
    ["simple-prompt", {}],
    ["args-prompt", { city: "Bern" }],
    ["no-such-prompt", {}],
  ],
  resources: ["demo://resource/dynamic/text/1", "demo://resource/dynamic/blob/2", "demo://no/such/thing"],
};

export const CRM = {
  calls: [
    ["search_customer", { name: "Ada" }],
    ["refund", { account_id: "acct_7H9j3kQ2", cents: 4200 }],
    ["fail", { reason: "on purpose" }],
    ["count", { to: 5 }],
    ["refund", {}],
  ],
  prompts: [["dunning", { name: "Ada" }]],
  resources: ["crm://accounts/Ada", "crm://nothing"],
};

export const files = (folder) => ({
  calls: [
    ["write_file", { path: `${folder}/note.txt`, content: "first line\nsecond line\n" }],
    ["read_text_file", { path: `${folder}/note.txt` }],
    ["edit_file", { path: `${folder}/note.txt`, edits: [{ oldText: "second", newText: "2nd" }] }],
    ["list_directory", { path: folder }],
    ["directory_tree", { path: folder }],
    ["search_files", { path: folder, pattern: "*.txt" }],
    ["list_allowed_directories", {}],
    ["read_text_file", { path: "/etc/passwd" }],
  ],
});
