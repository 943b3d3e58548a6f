// The click that changes the language; the other one says its own name, for whoever cannot read this one.
import { choose, language } from "../texts";
import { LANGUAGES } from "../texts/language";
import { Button } from "./button";
import { useCommand } from "./command";

export function LanguageSwitch() {
  const command = useCommand();
  const other = language() === "da" ? "en" : "da";
  return (
    <Button
      look="tertiary"
      small
      lang={other}
      busy={command.busy.value !== null}
      onClick={() => command.run("language", () => choose(other))}
    >
      {LANGUAGES[other]}
    </Button>
  );
}
