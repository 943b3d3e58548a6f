// The icons in use, drawn inline from DKFDS' files (and some of our own that it lacks). Always beside a text or a label.
import account from "dkfds-icons/account.svg?raw";
import close from "dkfds-icons/close.svg?raw";
import error from "dkfds-icons/error.svg?raw";
import info from "dkfds-icons/info.svg?raw";
import notifications from "dkfds-icons/notifications.svg?raw";
import openInNew from "dkfds-icons/open-in-new.svg?raw";
import personAdd from "dkfds-icons/person-add.svg?raw";
import plus from "dkfds-icons/plus.svg?raw";
import settings from "dkfds-icons/settings.svg?raw";
import success from "dkfds-icons/success.svg?raw";
import videocam from "dkfds-icons/videocam.svg?raw";
import warning from "dkfds-icons/warning.svg?raw";
import callEnd from "../icons/call-end.svg?raw";
import mic from "../icons/mic.svg?raw";
import micOff from "../icons/mic-off.svg?raw";
import record from "../icons/record.svg?raw";
import videocamOff from "../icons/videocam-off.svg?raw";

const ICONS = {
  account,
  callEnd,
  close,
  error,
  info,
  mic,
  micOff,
  notifications,
  openInNew,
  personAdd,
  plus,
  record,
  settings,
  success,
  videocam,
  videocamOff,
  warning,
};

export type IconName = keyof typeof ICONS;

export function Icon({ name }: { name: IconName }) {
  // The markup is a file of the build, never data.
  return <span class="glyph" aria-hidden="true" dangerouslySetInnerHTML={{ __html: ICONS[name] }} />;
}
