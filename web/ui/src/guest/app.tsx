// The guest's page: a code and a name, the wait to be let in, the call, and how it ended.
import { useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { GuestSelf } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { useCommand } from "../parts/command";
import { Field } from "../parts/field";
import { Masthead } from "../parts/header";
import { Video } from "../parts/video";
import type { Remote } from "../protocol/call";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import type { Stay } from "./stay";

export function App({ stay }: { stay: Stay }) {
  useSignalEffect(() => {
    document.title = `${t.guest.title} – ${t.product}`;
  });
  const self = stay.self.value;
  if (self === null) return <Code stay={stay} />;
  if (self.state === "knocking") return <Waiting stay={stay} self={self} />;
  if (self.state === "admitted") return <Running stay={stay} self={self} />;
  return <Out stay={stay} self={self} />;
}

function Panel({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="entrance">
      <Masthead />
      <div class="panel entrance-panel">
        <h1 class="h3">{title}</h1>
        {children}
      </div>
    </main>
  );
}

function Code({ stay }: { stay: Stay }) {
  const code = useSignal("");
  const name = useSignal("");
  const command = useCommand();
  const submit = (event: Event) => {
    event.preventDefault();
    void command.run("knock", () => stay.knock(code.value, name.value));
  };
  return (
    <Panel title={t.guest.title}>
      <p>{t.guest.intro}</p>
      <form onSubmit={submit}>
        <Field
          label={t.guest.code}
          hint={t.guest.codeHint}
          inputMode="numeric"
          maxLength={20}
          value={code.value}
          onValue={(value) => (code.value = value)}
        />
        <Field
          label={t.guest.name}
          hint={t.guest.nameHint}
          maxLength={60}
          value={name.value}
          onValue={(value) => (name.value = value)}
        />
        {command.refusal.value !== null && <Alert kind="error">{refusalText(command.refusal.value)}</Alert>}
        <div class="buttons">
          <Button
            type="submit"
            look="primary"
            busy={command.busy.value !== null}
            disabled={code.value.trim() === "" || name.value.trim() === ""}
          >
            {t.guest.knock}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Waiting({ stay, self }: { stay: Stay; self: GuestSelf }) {
  const command = useCommand();
  return (
    <Panel title={t.guest.waiting}>
      <p role="status">{t.guest.waitingBody(self.name)}</p>
      <DeviceTrouble stay={stay} />
      <div class="buttons">
        <Button busy={command.busy.value !== null} onClick={() => command.run("leave", () => stay.leave())}>
          {t.guest.leave}
        </Button>
      </div>
    </Panel>
  );
}

function DeviceTrouble({ stay }: { stay: Stay }) {
  const problem = stay.devices.value?.problem;
  return problem ? <Alert kind="warning">{t.devices.problems[problem]}</Alert> : null;
}

/** What another is called on a guest's page: the patient by what they are, since a code is no reason to be told a name. */
function nameOf({ participant }: Remote): string {
  return participant.name || t.guest.roles[participant.role];
}

function Running({ stay, self }: { stay: Stay; self: GuestSelf }) {
  const command = useCommand();
  const others = stay.remotes.value.filter(({ participant }) => participant.connected);
  const own = stay.devices.value?.stream ?? null;
  const screen = stay.screen.value;
  return (
    <main class="guest-call">
      <h1 class="sr-only">{t.call.title}</h1>
      <ul class="guest-tiles no-max-width" aria-label={t.guest.inCall}>
        {screen?.stream && (
          <li>
            <Video stream={screen.stream} label={t.guest.screen} />
          </li>
        )}
        {others.map((remote) => (
          <li key={remote.participant.id}>
            <Video stream={remote.stream} label={t.call.remote(nameOf(remote))} />
            <span class="guest-name">{nameOf(remote)}</span>
          </li>
        ))}
        <li>
          {own && <Video stream={own} label={t.call.self} self />}
          <span class="guest-name">{t.guest.you(self.name)}</span>
        </li>
      </ul>
      <div class="guest-bar">
        {stay.link.value !== "connected" && (
          <p class="guest-word" role="status">
            {t.call.linkLost}
          </p>
        )}
        {stay.recorded.value && (
          <p class="guest-word" role="status">
            {t.guest.recorded}
          </p>
        )}
        <DeviceTrouble stay={stay} />
        <Switch track={own?.getAudioTracks()[0]} labels={[t.call.mute, t.call.unmute]} />
        <Switch track={own?.getVideoTracks()[0]} labels={[t.call.cameraOff, t.call.cameraOn]} />
        <Button
          look="warning"
          busy={command.busy.value !== null}
          onClick={() => command.run("leave", () => stay.leave())}
        >
          {t.guest.leave}
        </Button>
      </div>
    </main>
  );
}

/** Turns a track of one's own off and on. `labels`: what a click does while it is on, and while it is off. */
function Switch({ track, labels }: { track: MediaStreamTrack | undefined; labels: [string, string] }) {
  const on = useSignal(track?.enabled ?? true);
  return (
    <Button
      disabled={!track}
      onClick={() => {
        if (track) track.enabled = on.value = !track.enabled;
      }}
    >
      {labels[on.value ? 0 : 1]}
    </Button>
  );
}

function Out({ stay, self }: { stay: Stay; self: GuestSelf }) {
  return (
    <Panel title={t.guest.out[self.state]}>
      <p role="status">{t.guest.outBody}</p>
      <Button look="primary" onClick={() => stay.again()}>
        {t.guest.again}
      </Button>
    </Panel>
  );
}
