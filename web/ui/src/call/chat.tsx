// Text in a call: what is typed stands on the other side as it is typed (EN 301 549, 6.2), and what is sent stays.
import { useEffect, useRef } from "preact/hooks";
import type { MessageView } from "../generated/wire";
import { Alert } from "../parts/alert";
import { useCommand } from "../parts/command";
import { Icon } from "../parts/icon";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import type { CallSide } from "./side";

/** As long as the server takes. */
const MOST_CHARS = 1000;

export function Chat({ side }: { side: CallSide }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const list = useRef<HTMLElement>(null);
  const command = useCommand();
  const messages = side.messages.all.value;
  const typing = side.others.value.filter(({ said }) => said !== null && said.text !== "");

  useEffect(() => field.current?.focus(), []);
  useEffect(() => side.messages.see(), [side, messages]);
  // The newest stands at the bottom, where one's eyes are.
  const newest = `${messages.length} ${typing.map(({ said }) => said?.text).join("\n")}`;
  useEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [newest]);

  const submit = (event: Event) => {
    event.preventDefault();
    if (side.text.value.trim() !== "") void command.run("send", () => side.sendText());
    field.current?.focus();
  };
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be scrolled by keys, too */}
      <section class="chat-texts" ref={list} tabIndex={0} aria-label={t.call.chat.texts}>
        {messages.length === 0 && typing.length === 0 && <p class="chat-empty">{t.call.chat.empty}</p>}
        <div role="log" aria-label={t.call.chat.sent}>
          <ol class="chat-list">
            {messages.map((message) => (
              <li key={message.id} class={`chat-message${side.messages.isMine(message) ? " chat-mine" : ""}`}>
                <Sent message={message} side={side} />
              </li>
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
      {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
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
        <button type="submit" class="button button-primary chat-send" disabled={command.busy.value !== null}>
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
  message.author_name ??
  (side.messages.isMine(message) ? t.call.chat.you : (side.state.value?.other_name ?? ""));

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
  const last = side.messages.all.value.findLast(side.messages.isNew);
  if (!typing && !last) return null;
  const name = typing ? typing.name : last ? writerOf(side, last) : "";
  const text = typing ? typing.said?.text : last?.text;
  return (
    <button type="button" class="call-caption" onClick={open}>
      <span class="chat-who">{name}:</span> <span class="chat-text">{text}</span>
    </button>
  );
}
