// One participant's picture, and in words what the picture does not show: who it is, who speaks, what is turned off.
import { Icon } from "../parts/icon";
import { Video, type VideoProps } from "../parts/video";
import { t } from "../texts";
import type { Other } from "./side";

interface TileProps extends Pick<VideoProps, "speaker" | "elementRef" | "onBlocked"> {
  other: Other;
  speaks: boolean;
  /** Whether the name stands on the picture itself. */
  named: boolean;
}

export function Tile({ other, speaks, named, ...video }: TileProps) {
  const off = other.said?.camera === false;
  return (
    <div class={`tile${speaks ? " tile-speaks" : ""}`}>
      <Video stream={other.stream} label={t.call.remote(other.name)} {...video} />
      {off && (
        <div class="tile-off">
          <span class="tile-initials" aria-hidden="true">
            {initialsOf(other.name)}
          </span>
          <p>{t.call.cameraIsOff}</p>
        </div>
      )}
      {named && (
        <div class="tile-label">
          <Name other={other} />
          <Speaks on={speaks} />
        </div>
      )}
    </div>
  );
}

/** Who it is, and whether one waits for words in vain. */
export function Name({ other }: { other: Other }) {
  return (
    <>
      <span class="strong">{other.name}</span>
      {other.said?.microphone === false && (
        <span class="call-sign">
          <Icon name="micOff" />
          {t.call.microphoneIsOff}
        </span>
      )}
    </>
  );
}

/** Bars that move beside a word, while somebody speaks. */
export function Speaks({ on }: { on: boolean }) {
  return (
    <span class={`call-sign speaks${on ? " speaks-now" : ""}`} aria-hidden={!on}>
      <Icon name="speaks" />
      <span class="speaks-word">{t.call.speaks}</span>
    </span>
  );
}

const initialsOf = (name: string) => {
  const words = name.split(" ").filter((word) => /^\p{L}/u.test(word));
  return [words[0], words.at(-1)]
    .slice(0, words.length)
    .map((word) => word?.[0]?.toUpperCase() ?? "")
    .join("");
};
