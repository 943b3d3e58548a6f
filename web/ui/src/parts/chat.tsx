// The messages of a visit as one party reads and writes them: in the queue on both sides' pages.
import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { ChatView, MessageView } from "../generated/wire";
import type { Chat, Unsent } from "../protocol/chat";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import { Button } from "./button";

const LONGEST = 1000;

interface ChatProps {
  chat: Chat;
  /** How the messages stand, as the live socket says. */
  stands: ChatView;
  own: MessageView["by"];
  title: string;
  /** Below the title, for whoever writes here for the first time. */
  hint: string;
  /** Whether one may write now; what was written is there all the same. */
  writes: boolean;
}

export function ChatPanel({ chat, stands, own, title, hint, writes }: ChatProps) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const draft = useSignal("");
  const messages = chat.messages.value;
  const unsent = chat.unsent.value;

  useEffect(() => {
    chat.follow(stands);
  }, [chat, stands.count]);

  // Seen is what stands on a page that somebody looks at.
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === "visible") chat.seen();
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [chat, messages.length]);

  useEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [messages.length, unsent.length]);

  const send = (event?: Event) => {
    event?.preventDefault();
    const text = draft.value.trim();
    if (text === "") return;
    chat.send(text);
    draft.value = "";
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter sends, as everywhere one writes to people; with Shift it begins a line, and while a word is composed it is the word's.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
  };
  const newestOfOwn = messages.findLast((message) => message.by === own)?.number ?? 0;

  return (
    <section class="chat" aria-labelledby={`${id}-title`}>
      <h3 class="chat-title" id={`${id}-title`}>
        {title}
      </h3>
      <p class="muted small chat-hint">{hint}</p>
      <div
        class="chat-log"
        role="log"
        aria-label={title}
        tabIndex={messages.length > 0 ? 0 : undefined}
        ref={list}
      >
        <ul class="chat-messages no-max-width">
          {messages.map((message) => (
            <li key={message.number} class={`chat-message${message.by === own ? " chat-own" : ""}`}>
              <span class="chat-by">
                {message.by === own && own === "patient"
                  ? t.chat.you
                  : (message.author_name ?? t.chat.patient)}{" "}
                {t.chat.at(t.common.time(message.at_ms))}
              </span>
              <span class="chat-text">{message.text}</span>
            </li>
          ))}
          {unsent.map((each) => (
            <NotThrough key={each.key} chat={chat} unsent={each} onEdit={(text) => (draft.value = text)} />
          ))}
        </ul>
      </div>
      <p class="muted small chat-state" role="status">
        {chat.waiting.value && unsent.length > 0 && t.chat.waiting}
        {!chat.waiting.value && newestOfOwn > 0 && newestOfOwn <= stands.read && t.chat.read}
      </p>
      {writes && (
        <form class="chat-form" onSubmit={send}>
          <label class="form-label" for={id}>
            {t.chat.write}
          </label>
          <textarea
            id={id}
            class="form-input"
            rows={2}
            maxLength={LONGEST}
            value={draft.value}
            onInput={(event) => (draft.value = event.currentTarget.value)}
            onKeyDown={onKeyDown}
          />
          <Button type="submit" small disabled={draft.value.trim() === ""}>
            {t.chat.send}
          </Button>
        </form>
      )}
    </section>
  );
}

interface NotThroughProps {
  chat: Chat;
  unsent: Unsent;
  onEdit: (text: string) => void;
}

/** A message that is not through: sent again by itself, or refused. */
export function NotThrough({ chat, unsent, onEdit }: NotThroughProps) {
  return (
    <li class="chat-message chat-own chat-unsent">
      <span class="chat-by">{unsent.refusal === null ? t.chat.sending : t.chat.refused}</span>
      <span class="chat-text">{unsent.text}</span>
      {unsent.refusal !== null && (
        <>
          <span class="device-problem small" role="alert">
            {refusalText(unsent.refusal)}
          </span>
          <span class="buttons">
            <Button small onClick={() => chat.again(unsent.key)}>
              {t.common.retry}
            </Button>
            <Button small onClick={() => onEdit(chat.giveUp(unsent.key))}>
              {t.chat.edit}
            </Button>
          </span>
        </>
      )}
    </li>
  );
}
