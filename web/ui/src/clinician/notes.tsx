// The notes on a visit, for colleagues alone: read by all, written by anybody, each edited by its author.
import { useSignal } from "@preact/signals";
import type { NoteView, VisitView } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { Field } from "../parts/field";
import { Refusal } from "../protocol/rest";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import type { Desk } from "./desk";

interface NotesProps {
  desk: Desk;
  visit: VisitView;
  writing: boolean;
  onWritten: () => void;
}

export function Notes({ desk, visit, writing, onWritten }: NotesProps) {
  if (visit.notes.length === 0 && !writing) return null;
  return (
    <div class="notes">
      {visit.notes.length > 0 && (
        <ul class="rows no-max-width" aria-label={t.notes.title}>
          {visit.notes.map((note) => (
            <Note key={note.id} desk={desk} visit={visit} note={note} />
          ))}
        </ul>
      )}
      {writing && (
        <NoteForm
          label={t.notes.label}
          text=""
          onSave={(text) => desk.writeNote(visit, text)}
          onClose={onWritten}
        />
      )}
    </div>
  );
}

function Note({ desk, visit, note }: { desk: Desk; visit: VisitView; note: NoteView }) {
  const editing = useSignal<number | null>(null);
  const mine = note.author_id === desk.session.value?.person_id;
  const when = note.edited_at_ms ?? note.written_at_ms;
  const edited = note.edited_at_ms !== null;
  return (
    <li class="note">
      <p class="note-text">{note.text}</p>
      <p class="muted small note-by">
        {t.notes.by(note.author_name, t.common.time(when), edited)}
        {mine && editing.value === null && (
          <button type="button" class="link-button" onClick={() => (editing.value = note.version)}>
            {t.notes.edit}
          </button>
        )}
      </p>
      {editing.value !== null && (
        <NoteForm
          label={t.notes.editLabel}
          text={note.text}
          onSave={(text) => desk.editNote(visit, note.id, text, editing.value ?? note.version)}
          // Whoever has read both texts, and saves again, means it.
          onChanged={() => (editing.value = note.version)}
          changedTo={editing.value === note.version ? null : note.text}
          onClose={() => (editing.value = null)}
        />
      )}
    </li>
  );
}

interface NoteFormProps {
  label: string;
  text: string;
  onSave: (text: string) => Promise<unknown>;
  onClose: () => void;
  /** What the note reads now, when it was edited elsewhere since this form was opened. */
  changedTo?: string | null;
  onChanged?: () => void;
}

function NoteForm({ label, text, onSave, onClose, changedTo, onChanged }: NoteFormProps) {
  const draft = useSignal(text);
  const conflict = useSignal<string | null>(null);
  const command = useCommand();
  const submit = async (event: Event) => {
    event.preventDefault();
    conflict.value = null;
    if (await command.run("save", () => onSave(draft.value.trim()))) return onClose();
    const refusal = command.refusal.value;
    if (refusal instanceof Refusal && refusal.code === "note_changed" && changedTo != null) {
      conflict.value = changedTo;
      onChanged?.();
    }
  };
  return (
    <form onSubmit={submit} class="note-form">
      <Field
        label={label}
        hint={t.notes.hint}
        rows={2}
        maxLength={1000}
        value={draft.value}
        onValue={(value) => (draft.value = value)}
      />
      {command.refusal.value !== null && (
        <Alert kind="error">
          {refusalText(command.refusal.value)}
          {conflict.value !== null && <p class="note-text">{t.notes.changedTo(conflict.value)}</p>}
        </Alert>
      )}
      <div class="buttons">
        <Button type="submit" look="primary" small busy={command.busy.value !== null}>
          {t.notes.save}
        </Button>
        <Button small onClick={onClose}>
          {t.common.cancel}
        </Button>
      </div>
    </form>
  );
}
