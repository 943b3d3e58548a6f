// The call on the whole screen: the others' pictures, one's own, the buttons, and a panel beside. Both sides of a call use it.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Alert } from "../parts/alert";
import { Icon } from "../parts/icon";
import { LanguageSwitch } from "../parts/language";
import { Video } from "../parts/video";
import type { DeviceProblem } from "../protocol/devices";
import { t } from "../texts";
import { CallButton } from "./button";
import { Caption, Chat } from "./chat";
import { DeviceChoice, LostDevice } from "./device-choice";
import type { OwnDevices } from "./own";
import type { CallSide } from "./side";
import { Name, Speaks, Tile } from "./tile";
import { OWN } from "./watch";

type Panel = "chat" | "more";

interface ScreenProps {
  side: CallSide;
  /** What to say over the picture; null while all is well. */
  status: string | null;
  /** Beside the name: how long, for instance. */
  facts?: ComponentChildren;
  /** Buttons of this side alone. */
  actions?: ComponentChildren;
  /** Problems to tell. */
  children?: ComponentChildren;
}

export function CallScreen({ side, status, facts, actions, children }: ScreenProps) {
  const unblock = useSignal<(() => void) | null>(null);
  const panel = useSignal<Panel | null>(null);
  const pictures = useRef(new Map<string, HTMLVideoElement>());
  const bar = useRef<HTMLElement>(null);
  const { own, watch } = side;

  const unread = panel.value === "chat" ? 0 : side.unread.value.length;
  const show = (wanted: Panel | null) => {
    const was = panel.peek();
    panel.value = wanted;
    // The focus goes back to where the panel was opened.
    if (wanted === null && was !== null)
      bar.current?.querySelector<HTMLElement>(`[data-panel="${was}"]`)?.focus();
  };
  const toggle = (wanted: Panel) => show(panel.peek() === wanted ? null : wanted);
  // Wherever the focus is, also before the panel just asked for is drawn; a dialog has an Escape of its own.
  useEffect(() => {
    const close = ({ key }: KeyboardEvent) => {
      if (key === "Escape" && document.querySelector("dialog[open]") === null) show(null);
    };
    addEventListener("keydown", close);
    return () => removeEventListener("keydown", close);
  }, []);

  const there = side.others.value.filter((other) => other.there);
  // Whoever was last seen stays before one's eyes while they are waited for.
  const others = there.length > 0 ? there : side.others.value.slice(0, 1);
  const [first] = others;
  const sharing = others.find(({ screen }) => screen !== null);
  const alone = others.length === 1 && !sharing ? first : undefined;
  const speaker = own.chosen.value.speaker;
  const speaking = watch.speaking.value;
  const layout = sharing ? "screen" : others.length > 1 ? "grid" : "one";

  return (
    <main class="call" data-layout={layout} data-panel={panel.value ?? undefined}>
      <h1 class="sr-only">{t.call.title}</h1>
      <div class="call-stage">
        <div class="call-pictures">
          {sharing && (
            <div class="shared-screen">
              <Video
                stream={sharing.screen}
                label={t.call.screenOf(sharing.name)}
                elementRef={(element) => keep(pictures.current, "screen", element)}
              />
            </div>
          )}
          <div class="tiles" data-count={others.length}>
            {others.map((other) => (
              <Tile
                key={other.id}
                other={other}
                speaks={speaking.has(other.id)}
                named={alone === undefined}
                speaker={speaker}
                elementRef={(element) => keep(pictures.current, other.id, element)}
                onBlocked={(play) => (unblock.value = play)}
              />
            ))}
          </div>
        </div>
        <div class="call-above">
          <div class="call-top">
            <div class="call-facts">
              {alone && <Name other={alone} />}
              {sharing && <span class="strong">{t.call.sharedBy(sharing.name)}</span>}
              {side.screen.value?.own && <span class="strong">{t.call.sharing}</span>}
              {facts}
              <LineWords side={side} />
              {alone && <Speaks on={speaking.has(alone.id)} />}
            </div>
            <LanguageSwitch />
          </div>
          <div class="call-problems">
            {own.lost.value !== null && <LostDevice lost={own.lost.value} />}
            {side.screenProblem.value !== null && (
              <Alert kind="warning" onClose={() => (side.screenProblem.value = null)}>
                {side.screenProblem.value === "screen_taken" ? t.call.shareTaken : t.call.shareRefused}
              </Alert>
            )}
            {children}
          </div>
        </div>
        {status !== null && (
          <p class="call-status" role="status">
            <span class="spinner spinner-light" aria-hidden="true" />
            {status}
          </p>
        )}
        <div class="call-bottom">
          <div class="call-corner">
            {panel.value !== "chat" && <Caption side={side} open={() => show("chat")} />}
            <SelfView own={own} speaks={speaking.has(OWN)} />
          </div>
          <section class="call-bar" aria-label={t.call.controls} ref={bar}>
            {unblock.value !== null && (
              <CallButton
                icon="info"
                label={t.call.playSound}
                onClick={() => {
                  unblock.value?.();
                  unblock.value = null;
                }}
              />
            )}
            <DeviceButtons own={own} />
            <ShareButton side={side} />
            <CallButton
              icon="chat"
              label={t.call.chat.open}
              count={unread}
              aria-expanded={panel.value === "chat"}
              data-panel="chat"
              onClick={() => toggle("chat")}
            />
            <CallButton
              icon="tune"
              label={t.call.more}
              aria-expanded={panel.value === "more"}
              data-panel="more"
              onClick={() => toggle("more")}
            />
            {actions}
          </section>
        </div>
      </div>
      {panel.value !== null && (
        <PanelBeside
          title={panel.value === "chat" ? t.call.chat.title : t.call.more}
          onClose={() => show(null)}
        >
          {panel.value === "chat" ? (
            <Chat side={side} />
          ) : (
            <More own={own} picture={() => pictures.current.get(sharing ? "screen" : (first?.id ?? ""))} />
          )}
        </PanelBeside>
      )}
      <p class="sr-only" role="status">
        {unread > 0 && t.call.chat.unread(unread)}
      </p>
    </main>
  );
}

function keep(pictures: Map<string, HTMLVideoElement>, id: string, element: HTMLVideoElement | null): void {
  if (element === null) pictures.delete(id);
  else pictures.set(id, element);
}

function PanelBeside({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  return (
    <section class="call-panel" aria-label={title}>
      <div class="call-panel-head">
        <h2 class="h5">{title}</h2>
        <button type="button" class="icon-button" aria-label={t.common.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {children}
    </section>
  );
}

/** How the connection is: the other's first, since that is what one wonders about; one's own when it is the worse. */
function LineWords({ side }: { side: CallSide }) {
  const ranks = ["good", "weak", "poor"];
  const own = side.watch.line.value;
  const others = side.others.value.flatMap(({ there, name, said }) =>
    there && said?.line ? [{ name, line: said.line }] : [],
  );
  const [worst] = others.sort((one, other) => ranks.indexOf(other.line) - ranks.indexOf(one.line));
  if (side.link.value !== "connected" || (worst === undefined && own === null)) return null;
  const isOwn = worst === undefined || ranks.indexOf(own ?? "good") > ranks.indexOf(worst.line);
  const line = isOwn ? (own ?? "good") : worst.line;
  const words = isOwn ? t.call.ownLine[line] : t.call.line[line];
  return (
    <span class={`call-line call-line-${line}`} role="status">
      {!isOwn && side.others.value.length > 1 && line !== "good" ? `${worst?.name}: ${words}` : words}
    </span>
  );
}

function SelfView({ own, speaks }: { own: OwnDevices; speaks: boolean }) {
  const stream = own.devices.value?.stream ?? null;
  const { microphone, camera } = own.isOn.value;
  if (stream === null) return null;
  return (
    <div class={`call-self${speaks ? " tile-speaks" : ""}${camera ? "" : " call-self-off"}`}>
      {camera && <Video stream={stream} label={t.call.self} self />}
      <div class="call-self-signs">
        {!camera && (
          <span class="call-sign">
            <Icon name="videocamOff" />
            {t.call.yourCameraIsOff}
          </span>
        )}
        {microphone ? (
          <Speaks on={speaks} />
        ) : (
          <span class="call-sign">
            <Icon name="micOff" />
            {t.call.yourMicrophoneIsOff}
          </span>
        )}
      </div>
    </div>
  );
}

/** Turns one's own microphone and camera off and on; the connection stays as it is. */
export function DeviceButtons({ own }: { own: OwnDevices }) {
  const tracks = own.devices.value?.stream?.getTracks() ?? [];
  const has = (kind: string) => tracks.some((track) => track.kind === kind);
  const { microphone, camera } = own.isOn.value;
  return (
    <>
      <CallButton
        icon={microphone && has("audio") ? "mic" : "micOff"}
        label={microphone ? t.call.mute : t.call.unmute}
        off={!microphone}
        disabled={!has("audio")}
        onClick={() => own.setOn("microphone", !microphone)}
      />
      <CallButton
        icon={camera && has("video") ? "videocam" : "videocamOff"}
        label={camera ? t.call.cameraOff : t.call.cameraOn}
        off={!camera}
        disabled={!has("video")}
        onClick={() => own.setOn("camera", !camera)}
      />
    </>
  );
}

function ShareButton({ side }: { side: CallSide }) {
  // Phones cannot share theirs.
  if (!side.canShare) return null;
  const on = side.ownScreen.value !== null;
  return (
    <CallButton
      icon="desktop"
      label={on ? t.call.stopSharing : t.call.share}
      off={on}
      onClick={() => (on ? side.stopSharing() : void side.share())}
    />
  );
}

/** Devices, and how the picture is shown. */
function More({ own, picture }: { own: OwnDevices; picture: () => HTMLVideoElement | undefined }) {
  const full = useSignal(document.fullscreenElement !== null);
  useEffect(() => {
    const follow = () => {
      full.value = document.fullscreenElement !== null;
    };
    document.addEventListener("fullscreenchange", follow);
    return () => document.removeEventListener("fullscreenchange", follow);
  }, [full]);
  const first = useRef<HTMLDivElement>(null);
  useEffect(() => first.current?.querySelector<HTMLElement>("button, select")?.focus(), []);

  const small = () => {
    // A browser that refuses has nothing to show yet; there is nothing to be done about it.
    if (document.pictureInPictureElement) void document.exitPictureInPicture().catch(() => {});
    else
      void picture()
        ?.requestPictureInPicture()
        .catch(() => {});
  };
  return (
    <div class="call-more" ref={first}>
      <div class="buttons">
        {document.pictureInPictureEnabled && (
          <button type="button" class="button button-secondary" onClick={small}>
            <Icon name="pictureInPicture" />
            <span>{t.call.pictureInPicture}</span>
          </button>
        )}
        {document.fullscreenEnabled && (
          <button
            type="button"
            class="button button-secondary"
            onClick={() =>
              void (full.value ? document.exitFullscreen() : document.documentElement.requestFullscreen())
            }
          >
            <Icon name={full.value ? "fullscreenExit" : "fullscreen"} />
            <span>{full.value ? t.call.leaveFullScreen : t.call.fullScreen}</span>
          </button>
        )}
      </div>
      <DeviceChoice own={own} />
    </div>
  );
}

/** What to do about a device that cannot be used. */
export function deviceProblemText(problem: DeviceProblem): string {
  return t.devices.problems[problem];
}
