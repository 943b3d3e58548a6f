// Text in a call: what is typed stands on the other side as it is typed (EN 301 549, 6.2), and what is sent stays.
import { useEffect, useRef } from "preact/hooks";
import type { MessageView } from "../generated/wire";
import { NotThrough } from "../parts/chat";
import { Icon } from "../parts/icon";
import { t } from "../texts";
import type { CallSide } from "./side";

/** As long as the server takes. */
const MOST_CHARS = 1000;

export function Chat({ side }: { side: CallSide }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const list = useRef<HTMLElement>(null);
  const messages = side.chat.messages.value;
  const unsent = side.chat.unsent.value;
  const typing = side.others.value.filter(({ said }) => said !== null && said.text !== "");

  useEffect(() => field.current?.focus(), []);
  useEffect(() => side.chat.seen(), [side, messages]);
  // The newest stands at the bottom, where one's eyes are.
  const newest = `${messages.length} ${unsent.length} ${typing.map(({ said }) => said?.text).join("\n")}`;
  useEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [newest]);

  const submit = (event: Event) => {
    event.preventDefault();
    side.sendText();
    field.current?.focus();
  };
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be scrolled by keys, too */}
      <section class="chat-texts" ref={list} tabIndex={0} aria-label={t.call.chat.texts}>
        {messages.length + unsent.length + typing.length === 0 && (
          <p class="chat-empty">{t.call.chat.empty}</p>
        )}
        <div role="log" aria-label={t.call.chat.sent}>
          <ol class="chat-list">
            {messages.map((message) => (
              <li key={message.id} class={`chat-message${side.isMine(message) ? " chat-mine" : ""}`}>
                <Sent message={message} side={side} />
              </li>
            ))}
            {unsent.map((each) => (
              <NotThrough
                key={each.key}
                chat={side.chat}
                unsent={each}
                onEdit={(text) => (side.text.value = text)}
              />
            ))}
          </ol>
        </div>
        {typing.map(({ id, name, said }) => (
          <p key={id} class="chat-message chat-under-way">
            <span class="chat-who">{t.call.chat.types(name)}</span>{" "}
            <span class="chat-text">{said?.text}</span>
          </p>
        ))}
      </section>
      <p class="chat-hint" role="status">
        {side.chat.waiting.value && unsent.length > 0 && t.chat.waiting}
      </p>
      <form class="chat-form" onSubmit={submit}>
        <textarea
          ref={field}
          class="form-input"
          rows={2}
          maxLength={MOST_CHARS}
          aria-label={t.call.chat.write}
          aria-describedby="chat-hint"
          autocomplete="off"
          value={side.text.value}
          onInput={(event) => (side.text.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
          }}
        />
        <button type="submit" class="button button-primary chat-send">
          <Icon name="send" />
          <span>{t.call.chat.send}</span>
        </button>
        <p id="chat-hint" class="chat-hint">
          {t.call.chat.hint}
        </p>
      </form>
    </>
  );
}

/** Who wrote it: a colleague may have written for the clinic, too. */
const writerOf = (side: CallSide, message: MessageView) =>
  message.author_name ?? (side.isMine(message) ? t.call.chat.you : (side.state.value?.other_name ?? ""));

function Sent({ message, side }: { message: MessageView; side: CallSide }) {
  return (
    <>
      <span class="chat-who">
        {writerOf(side, message)} <span class="chat-at">{t.common.time(message.at_ms)}</span>
      </span>{" "}
      <span class="chat-text">{message.text}</span>
    </>
  );
}

/** What the others write, over the picture, for whoever has not opened the texts. */
export function Caption({ side, open }: { side: CallSide; open: () => void }) {
  const typing = side.others.value.find(({ said }) => said !== null && said.text !== "");
  const last = side.unread.value.at(-1);
  if (!typing && !last) return null;
  const name = typing ? typing.name : last ? writerOf(side, last) : "";
  const text = typing ? typing.said?.text : last?.text;
  return (
    <button type="button" class="call-caption" onClick={open}>
      <span class="chat-who">{name}:</span> <span class="chat-text">{text}</span>
    </button>
  );
}
