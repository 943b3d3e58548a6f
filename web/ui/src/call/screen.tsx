// The call on the whole screen: the other's picture, one's own, and the buttons. Both sides of a call use it.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "../parts/icon";
import { Video } from "../parts/video";
import type { DeviceProblem, Devices } from "../protocol/devices";
import { t } from "../texts";

interface ScreenProps {
  remote: MediaStream | null;
  devices: Devices | null;
  /** Who is at the other end. */
  name: string;
  /** What to say over the picture; null while all is well. */
  status: string | null;
  /** Beside the name: how long, for instance. */
  facts?: ComponentChildren;
  /** Buttons of this side alone. */
  actions?: ComponentChildren;
  /** Problems to tell. */
  children?: ComponentChildren;
}

export function CallScreen({ remote, devices, name, status, facts, actions, children }: ScreenProps) {
  const unblock = useSignal<(() => void) | null>(null);
  const own = devices?.stream ?? null;
  return (
    <main class="call">
      <h1 class="sr-only">{t.call.title}</h1>
      <Video stream={remote} label={t.call.remote(name)} onBlocked={(play) => (unblock.value = play)} />
      <div class="call-top">
        <span class="strong">{name}</span>
        {facts}
      </div>
      {status !== null && (
        <p class="call-status" role="status">
          <span class="spinner spinner-light" aria-hidden="true" />
          {status}
        </p>
      )}
      <div class="call-problems">{children}</div>
      <div class="call-self">{own && <Video stream={own} label={t.call.self} self />}</div>
      <div class="call-bar">
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
        <DeviceButtons stream={own} />
        {actions}
      </div>
    </main>
  );
}

/** Turns one's own microphone and camera off and on; the connection stays as it is. */
export function DeviceButtons({ stream }: { stream: MediaStream | null }) {
  const audio = stream?.getAudioTracks()[0];
  const video = stream?.getVideoTracks()[0];
  return (
    <>
      <TrackButton track={audio} icons={["mic", "micOff"]} labels={[t.call.mute, t.call.unmute]} />
      <TrackButton
        track={video}
        icons={["videocam", "videocamOff"]}
        labels={[t.call.cameraOff, t.call.cameraOn]}
      />
    </>
  );
}

interface TrackButtonProps {
  track: MediaStreamTrack | undefined;
  /** While it is on, and while it is off. */
  icons: [IconName, IconName];
  labels: [string, string];
}

function TrackButton({ track, icons, labels }: TrackButtonProps) {
  // A track does not tell of its `enabled`; only this button changes it.
  const version = useSignal(0);
  version.value;
  const on = track?.enabled ?? false;
  return (
    <CallButton
      icon={icons[on ? 0 : 1]}
      label={labels[on ? 0 : 1]}
      off={!on}
      disabled={!track}
      onClick={() => {
        if (track) track.enabled = !track.enabled;
        version.value += 1;
      }}
    />
  );
}

interface CallButtonProps {
  icon: IconName;
  label: string;
  onClick: () => void;
  off?: boolean;
  danger?: boolean;
  disabled?: boolean;
}

export function CallButton({ icon, label, onClick, off, danger, disabled }: CallButtonProps) {
  const look = danger ? " call-button-danger" : off ? " call-button-off" : "";
  return (
    <button type="button" class={`call-button${look}`} disabled={disabled} onClick={onClick}>
      <Icon name={icon} />
      <span>{label}</span>
    </button>
  );
}

/** What to do about a device that cannot be used. */
export function deviceProblemText(problem: DeviceProblem): string {
  return t.devices.problems[problem];
}
