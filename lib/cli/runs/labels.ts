/** The verbs that change what a user says of a run: name, group, tags, notes, archived. */
import { Command } from "commander";
import type { LabelChanges } from "../../tracker/labels.js";
import type { RunRecord } from "../../tracker/runRecord.js";
import { openReadOnly, openToChange, storeOption, type StoreFlags, wholeIds } from "./options.js";

export const labelCommands = (): Command[] => [
  renameCommand(),
  groupCommand(),
  tagCommand(),
  noteCommand(),
  archiveCommand("archive", "put runs aside: lists leave them out unless asked for", true),
  archiveCommand("unarchive", "take archived runs into the lists again", false),
];

function renameCommand(): Command {
  return verb("rename", "give a run another name", "rename 20261121-0930 baseline")
    .argument("<id>", "run id or the beginning of it")
    .argument("<name>", "new name")
    .action((id: string, name: string, flags: StoreFlags) => change(id, flags, () => ({ name }), `is called ${name}`));
}

function groupCommand(): Command {
  return verb("group", "move runs to a group, or out of theirs with `none`", "group paper 20261121-0930 20261121-1015")
    .argument("<name>", "new group, or none")
    .argument("<ids...>", "run ids or their beginnings")
    .action(async (name: string, ids: string[], flags: StoreFlags) => {
      const group = name === "none" ? null : name;
      await change(ids, flags, () => ({ group }), group === null ? "is in no group" : `is in group ${group}`);
    });
}

function tagCommand(): Command {
  return verb("tag", "add tags to a run, or remove some; prints the tags that it has then", "tag 20261121-0930 paper")
    .argument("<id>", "run id or the beginning of it")
    .argument("[tags...]", "tags to add")
    .option("--remove <tags...>", "tags to take away")
    .action(async (id: string, added: string[], { remove = [], ...flags }: StoreFlags & { remove?: string[] }) => {
      if (added.length + remove.length > 0) {
        const next = ({ tags }: RunRecord) => [...new Set([...tags, ...added])].filter((tag) => !remove.includes(tag));
        await change(id, flags, (record) => ({ tags: next(record) }));
      }
      const { tags } = await (await openReadOnly(flags.store)).read(id);
      console.log(tags.join("\n") || "no tags");
    });
}

function noteCommand(): Command {
  return verb("note", "print the notes of a run, or write them", 'note 20261121-0930 --append "diverged at 400"')
    .argument("<id>", "run id or the beginning of it")
    .argument("[text]", 'in place of the notes there are; "" for none')
    .option("--append <line>", "a line below the notes there are")
    .action(async (id: string, text: string | undefined, { append, ...flags }: StoreFlags & { append?: string }) => {
      if (text !== undefined && append !== undefined) throw new Error("give a text or --append, not both");
      const below = ({ notes }: RunRecord) => (notes === "" ? "" : `${notes}\n`) + append;
      if (text !== undefined) await change(id, flags, () => ({ notes: text }));
      if (append !== undefined) await change(id, flags, (record) => ({ notes: below(record) }));
      const { notes } = await (await openReadOnly(flags.store)).read(id);
      console.log(notes || "no notes");
    });
}

function archiveCommand(name: string, description: string, archived: boolean): Command {
  return verb(name, description, `${name} 20261121-0930`)
    .argument("<ids...>", "run ids or their beginnings")
    .action((ids: string[], flags: StoreFlags) =>
      change(ids, flags, () => ({ archived }), archived ? "is archived" : "is in the lists again"),
    );
}

const verb = (name: string, description: string, example: string): Command =>
  new Command(name)
    .description(description)
    .addOption(storeOption())
    .addHelpText("after", `\nExample:\n  dreamprm runs ${example}`);

/** @param told  what is said of each run afterwards */
async function change(
  ids: string | readonly string[],
  { store: folder }: StoreFlags,
  changes: (record: RunRecord) => LabelChanges,
  told?: string,
): Promise<void> {
  const store = await openToChange(folder);
  for (const id of await wholeIds(store, typeof ids === "string" ? [ids] : ids)) {
    await store.update(id, changes(await store.read(id)));
    if (told !== undefined) console.log(`${id} ${told}`);
  }
}
