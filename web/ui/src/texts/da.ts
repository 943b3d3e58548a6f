// Every text of the interface, in Danish. Other languages take the shape of this file (`Texts`).

const clock = new Intl.DateTimeFormat("da-DK", { hour: "2-digit", minute: "2-digit" });

// Opening hours are Danish time, wherever the browser thinks that it is.
const timeZone = "Europe/Copenhagen";
const danishClock = new Intl.DateTimeFormat("da-DK", { hour: "2-digit", minute: "2-digit", timeZone });
const danishDate = new Intl.DateTimeFormat("da-DK", { dateStyle: "short", timeZone });
const danishDay = new Intl.DateTimeFormat("da-DK", {
  weekday: "long",
  day: "numeric",
  month: "long",
  timeZone,
});
const danishFullDay = new Intl.DateTimeFormat("da-DK", { dateStyle: "full", timeZone });
const DAY_MS = 86_400_000;

/** "kl. 07.30", "i morgen kl. 07.30", "mandag den 19. januar kl. 07.30". */
function moment(ms: number, now: number): string {
  const at = `kl. ${danishClock.format(ms)}`;
  if (danishDate.format(ms) === danishDate.format(now)) return at;
  if (danishDate.format(ms) === danishDate.format(now + DAY_MS)) return `i morgen ${at}`;
  return `${danishDay.format(ms)} ${at}`;
}

export const da = {
  product: "Venterum",
  common: {
    logOut: "Log ud",
    cancel: "Annullér",
    close: "Luk",
    retry: "Prøv igen",
    loading: "Henter …",
    busy: "Vent …",
    time: (ms: number) => clock.format(ms),
    minutes: (minutes: number) => (minutes < 1 ? "under 1 min." : `${minutes} min.`),
  },
  connection: {
    lost: "Forbindelsen er afbrudt. Vi prøver at genskabe den – det, du ser, kan være forældet.",
    revoked: "Din adgang er ophørt, eller du er logget ud et andet sted. Log ind igen for at fortsætte.",
  },
  login: {
    title: "Det virtuelle venteværelse",
    lead: "Mød dine patienter på video. Patienterne venter her, til du er klar.",
    logIn: "Log ind",
    choose: "Vælg, hvordan du vil logge ind",
    failed: "Det lykkedes ikke at logge ind. Prøv igen, eller vælg en anden måde at logge ind på.",
    assuranceTooLow:
      "Du loggede ind på et lavere sikringsniveau, end der kræves her. Log ind igen, og godkend med MitID på niveau Betydelig eller Høj.",
    noProviders: "Der er ikke sat nogen måde at logge ind på op. Kontakt den, der driver systemet.",
    browser: "Brug Google Chrome som browser.",
  },
  clinic: {
    title: "Angiv klinik",
    loggedInAs: (name: string) => `Du er logget ind som ${name}.`,
    identifier: "Ydernummer eller SOR-ID",
    identifierHint: "Har klinikken ikke et ydernummer, kan du bruge det eksakte SOR-ID.",
    declaration: "Tro- og love-erklæring",
    declared: "Du har allerede accepteret tro- og love-erklæringen for denne klinik.",
    ok: "OK",
    remembered: "Dine klinikker",
    other: "En anden klinik",
  },
  practitioner: {
    title: "Vælg behandler",
    legend: "Vælg dit eget navn på listen",
    self: "(dig)",
    choose: "Vælg behandler",
    missing: "Vælg et navn på listen.",
  },
  desk: {
    menu: "Menu",
    waitingRoom: "Venteværelse",
    switchClinic: "Skift klinik",
    practitioner: (name: string) => `Behandler: ${name}`,
    queue: "Patienter i kø",
    ongoing: "Igangværende konsultationer",
    ended: "Afsluttede konsultationer",
    queueEmpty: "Ingen patienter i kø.",
    queueEmptyClosed: "Ingen patienter i kø. Venteværelset er lukket for nye patienter.",
    ongoingEmpty: "Ingen konsultationer i gang.",
    endedEmpty: "Ingen afsluttede konsultationer det seneste døgn.",
    queueLength: (count: number) => `Køens længde er nu ${count}`,
    waitingSince: (time: string, wait: string) => `Siden kl. ${time} · ${wait}`,
    acceptedAt: (time: string) => `Accepteret kl. ${time}`,
    inCallSince: (time: string) => `Video startet kl. ${time}`,
    endedAt: (time: string) => `Afsluttet kl. ${time}`,
    by: (name: string) => `Behandler: ${name}`,
    child: "Barn",
    connected: "Tilsluttet",
    disconnected: "Ikke tilsluttet",
    accept: "Accepter",
    reject: "Afvis",
    startVideo: "Start video",
    putBack: "Læg tilbage i kø",
    end: "Afslut",
    openTab: "Åbn videofanen igen",
    popupBlocked: "Browseren åbnede ikke en ny fane. Tillad pop op-vinduer for denne side, og prøv igen.",
  },
  rejectDialog: {
    title: (name: string) => `Afvis ${name}`,
    explanation: "Forklaring til patienten",
    hint: "Patienten læser forklaringen på sin side.",
    confirm: "Afvis",
  },
  endDialog: {
    title: "Afslut konsultationen?",
    body: (name: string) => `Konsultationen med ${name} afsluttes, og en eventuel video stoppes.`,
    bodyCall: "Videoen stoppes for jer begge, og konsultationen afsluttes.",
    confirm: "Afslut",
  },
  room: {
    title: "Venteværelset",
    open: "Åbent",
    closed: "Lukket",
    openRoom: "Åbn venteværelse",
    closeRejecting: "Luk (afvis alle)",
    closeKeeping: "Luk (bevar kø)",
    openMessage: "Åbningsbesked",
    closedMessage: "Lukkebesked",
    save: "Gem beskeder",
    saved: "Beskederne er gemt.",
    preview: "Vis kortet",
    previewTitle: "Klinikkens kort, som patienten ser det",
    whenOpen: "Når venteværelset er åbent",
    whenClosed: "Når venteværelset er lukket",
    opensAgain: (ms: number, now: number) => `Åbner igen ${moment(ms, now)}`,
    closesAgain: (ms: number, now: number) => `Lukker af sig selv ${moment(ms, now)}`,
    byHand: "Åbnes og lukkes kun i hånden",
    settings: "Indstillinger",
  },
  closing: {
    reject_all: {
      title: "Luk, og afvis alle i køen?",
      concerns: (count: number) =>
        count === 1
          ? "Denne patient afvises og læser lukkebeskeden:"
          : `Disse ${count} patienter afvises og læser lukkebeskeden:`,
    },
    keep_queue: {
      title: "Luk for nye patienter, og bevar køen?",
      concerns: (count: number) =>
        count === 1
          ? "Denne patient bliver stående i køen:"
          : `Disse ${count} patienter bliver stående i køen:`,
    },
    nobody: "Ingen patienter er i kø.",
    ongoing: (count: number) =>
      count === 1
        ? "Konsultationen, der er i gang, fortsætter."
        : `De ${count} konsultationer, der er i gang, fortsætter.`,
  },
  settings: {
    title: "Klinikkens indstillinger",
    save: "Gem indstillinger",
    hours: "Åbningstider",
    automatic: "Venteværelset åbner og lukker af sig selv",
    automaticHint:
      "Køen bevares, når der lukkes. Åbner eller lukker I selv, gælder det indtil næste åbning eller lukning.",
    weekdays: ["Mandag", "Tirsdag", "Onsdag", "Torsdag", "Fredag", "Lørdag", "Søndag"],
    opens: (day: string) => `${day} åbner kl.`,
    closes: (day: string) => `${day} lukker kl.`,
    timeShape: "TT:MM",
    shut: "Lukket",
    addHours: (day: string) => `Tilføj tid ${day.toLowerCase()}`,
    removeHours: (day: string) => `Fjern tid ${day.toLowerCase()}`,
    sameAsMonday: "Brug mandagens tider alle dage",
    closedDays: "Lukkedage",
    closedDaysHint: "Enkelte dage, hvor venteværelset ikke åbner af sig selv.",
    closedDay: "Dato",
    addClosedDay: "Tilføj lukkedag",
    removeClosedDay: (day: string) => `Fjern lukkedagen ${day}`,
    date: (iso: string) => danishFullDay.format(Date.parse(`${iso}T12:00:00Z`)),
    waiting: "Ventetid og konsultationer",
    waitWarning: "Gul efter (minutter)",
    waitAlarm: "Rød efter (minutter)",
    grace: "Vist som væk efter (minutter)",
    resume: "Kan genoptages i (minutter)",
    readyTexts: "Klare forklaringer",
    readyTextsHint: "Til at vælge imellem, når en patient afvises. En forklaring på hver linje.",
  },
  add: {
    title: "Tilføj patient",
    cpr: "CPR-nummer",
    add: "Tilføj patient",
    added: (name: string) => `${name} er tilføjet.`,
  },
  patients: {
    title: "Patientliste",
    search: "Søg på CPR-nr. eller navn",
    none: "Patientlisten er tom.",
    noneFound: "Ingen patienter passer på søgningen.",
    remove: (name: string) => `Fjern adgang for ${name}`,
    removeTitle: (name: string) => `Fjern adgang for ${name}?`,
    removeBody:
      "Patienten kan ikke længere starte en videokonsultation med klinikken. Står patienten i kø, afvises patienten.",
    removeConfirm: "Fjern adgang",
  },
  employees: {
    menu: "Administration af medarbejdere",
    title: "Administration af medarbejdere",
    lead: "Her giver klinikkens behandlere medarbejdere uden autorisations-ID adgang. Medarbejderen logger selv ind med sit personlige MitID.",
    practitionersOnly: "Kun klinikkens behandlere kan give og fjerne adgang.",
    practitioners: "Behandlere",
    employees: "Medarbejdere",
    noEmployees: "Klinikken har ingen medarbejdere på listen endnu.",
    authorisation: (id: string) => `Autorisations-ID ${id}`,
    self: "(dig)",
    active: "Har adgang",
    inactive: "Ingen adgang",
    activate: "Aktivér",
    activateName: (name: string) => `Aktivér ${name}`,
    deactivate: (name: string) => `Deaktivér ${name}`,
    deactivateTitle: (name: string) => `Deaktivér ${name}?`,
    deactivateBody:
      "Personen mister med det samme adgang til klinikkens venteværelse, også på sider, der står åbne.",
    deactivateSelf: "Det er dig selv: du mister med det samme adgang til klinikken.",
    deactivateConfirm: "Deaktivér",
    add: "Tilføj medarbejder",
    addHint: "Personen skal stå i klinikregistret.",
    cpr: "Medarbejderens CPR-nummer",
    added: (name: string) => `${name} har nu adgang.`,
  },
  call: {
    title: "Videokonsultation",
    preparing: "Gør videoen klar …",
    waitingForPatient: (name: string) => `Venter på ${name} …`,
    patientLost: (name: string) =>
      `${name} har mistet forbindelsen. Videoen fortsætter, når forbindelsen er tilbage.`,
    clinicianLost: (name: string) =>
      `${name} har mistet forbindelsen. Bliv her – videoen fortsætter, når forbindelsen er tilbage.`,
    linkLost: "Din forbindelse er afbrudt. Vi genskaber den …",
    remote: (name: string) => `Video af ${name}`,
    self: "Video af dig selv",
    mute: "Slå mikrofon fra",
    unmute: "Slå mikrofon til",
    cameraOff: "Slå kamera fra",
    cameraOn: "Slå kamera til",
    playSound: "Afspil lyd",
    elapsed: "Varighed",
    end: "Afslut",
    ended: "Konsultationen er afsluttet",
    endedHere: "Fanen lukker om et øjeblik. Patienten står nu under »Afsluttede konsultationer«.",
    endedElsewhere: "Den blev afsluttet fra venteværelset eller af en kollega. Du kan lukke fanen.",
    putBack: "Patienten er lagt tilbage i køen",
    putBackBody: "Videoen er ikke i gang. Du kan lukke fanen og gå tilbage til venteværelset.",
    notYours: "Konsultationen findes ikke",
    notYoursBody:
      "Den hører til en anden klinik, eller du er ikke logget ind på klinikken. Gå til venteværelset.",
    revoked: "Din adgang er ophørt",
    revokedBody: "Log ind igen for at fortsætte.",
    reloadBody: "Genindlæs siden for at se, hvordan din konsultation står.",
    elsewhere: "Videoen er åbnet i en anden fane",
    elsewhereBody: "Konsultationen fortsætter dér.",
    useThisTab: "Brug denne fane i stedet",
    closeTab: "Luk fanen",
    toWaitingRoom: "Til venteværelset",
  },
  devices: {
    title: "Dit kamera og din mikrofon",
    asking:
      "Browseren spørger, om siden må bruge kamera og mikrofon. Svar ja, så klinikken kan se og høre dig.",
    ready: "Kamera og mikrofon er klar.",
    problems: {
      refused:
        "Browseren har ikke fået lov til at bruge kamera og mikrofon. Klik på ikonet til venstre for adressen, tillad begge, og prøv igen. Du kan godt fortsætte uden, men så kan du ikke ses og høres.",
      missing:
        "Der blev ikke fundet hverken kamera eller mikrofon. Tilslut dem, og prøv igen. Du kan godt fortsætte uden, men så kan du ikke ses og høres.",
      busy: "Kamera eller mikrofon bruges af et andet program. Luk det, og prøv igen. Du kan godt fortsætte uden, men så kan du ikke ses og høres.",
      insecure:
        "Browseren giver kun adgang til kamera og mikrofon på en sikker adresse (https). Du kan godt fortsætte uden, men så kan du ikke ses og høres.",
      no_camera: "Der blev ikke fundet et kamera, der kan bruges. Du kan høres, men ikke ses.",
      no_microphone: "Der blev ikke fundet en mikrofon, der kan bruges. Du kan ses, men ikke høres.",
    },
  },
  patient: {
    title: "Videokonsultation med din klinik",
    lead: "Her ser du de klinikker, der har givet dig adgang til videokonsultation.",
    logIn: "Log ind med MitID",
    logInWith: (label: string) => `Log ind med ${label}`,
    failed: "Det lykkedes ikke at logge ind. Prøv igen.",
    hello: (name: string) => `Logget ind som ${name}`,
    clinics: "Dine klinikker",
    noClinics: "Ingen klinikker har givet dig adgang til videokonsultation endnu.",
    childClinics: (name: string) => `${name} (barn)`,
    noClinicsForChild:
      "Ingen klinikker har tilføjet barnet endnu. Bed klinikken om det med barnets CPR-nummer.",
    joinFor: (name: string) => `Stil ${name} i kø`,
    inQueueFor: (name: string) => `${name} er i kø`,
    inQueueForBody:
      "Bliv på siden sammen med barnet, og hav kamera og mikrofon klar. Behandleren kalder jer ind.",
    noClinicsHint: "Bed din klinik om at tilføje dig. Klinikken dukker op her af sig selv.",
    open: "Åben",
    closed: "Lukket",
    phone: "Telefon",
    join: "Stil dig i kø",
    inQueue: "Du er i kø",
    inQueueBody: "Bliv på siden, og hav kamera og mikrofon klar. Behandleren kalder dig ind.",
    since: (time: string, wait: string) => `Siden kl. ${time} · ${wait}`,
    leave: "Forlad køen",
    yourTurn: (practitioner: string) => `Det er din tur: ${practitioner} starter videoen om et øjeblik`,
    yourTurnFor: (child: string, practitioner: string) =>
      `Det er nu, ${child} skal ind: ${practitioner} starter videoen om et øjeblik`,
    yourTurnTitle: "Det er din tur!",
    practitioner: "behandleren",
    ended: "Konsultationen er afsluttet",
    endedBody: "Tak for besøget. Du kan lukke siden.",
    rejected: "Du er blevet afvist fra køen",
    callClinic: (phone: string) => `Ring til klinikken på ${phone}, hvis du har spørgsmål.`,
    left: "Du har forladt køen.",
  },
  // By the stable codes of rooms/errors.py, signaling/, web/ and the transport.
  refusals: {
    cpr_malformed:
      "CPR-nummeret er ikke gyldigt. Skriv ti cifre, DDMMÅÅ-XXXX, der begynder med en rigtig dato.",
    person_unknown: "Ingen bruger af appen har det CPR-nummer. Kun brugere af appen kan tilføjes.",
    patient_exists: "Patienten er allerede på klinikkens patientliste.",
    patient_in_consultation: "Patienten er i en konsultation. Afslut den, før du fjerner patienten.",
    clinic_identifier_malformed:
      "Skriv klinikkens ydernummer (5 eller 6 cifre) eller hele SOR-ID’et (kun cifre).",
    sor_id_mistyped:
      "SOR-ID’et er ikke rigtigt: kontrolcifferet passer ikke. Se efter, om et ciffer er tastet forkert.",
    clinic_unknown: "Ingen klinik her har det ydernummer eller SOR-ID. Se efter, om det er tastet rigtigt.",
    not_staff_here: "Du har ikke adgang til den klinik. En behandler i klinikken kan give dig adgang.",
    declaration_missing: "Du skal acceptere tro- og love-erklæringen for at fortsætte.",
    practitioners_only: "Det kan kun klinikkens behandlere. Spørg en af dem.",
    already_staff: "Personen har allerede adgang til klinikken.",
    last_practitioner:
      "Det er klinikkens sidste behandler. Uden en behandler kan ingen give adgang igen, så personen kan ikke deaktiveres.",
    staff_unknown: "Klinikregistret kender ingen med det CPR-nummer. Personen skal først registreres dér.",
    practitioner_unknown: "Vælg en af klinikkens behandlere på listen.",
    message_invalid: "En besked skal være på mellem 1 og 1000 tegn.",
    explanation_invalid: "Skriv en forklaring til patienten på højst 500 tegn.",
    settings_invalid:
      "Indstillingerne kan ikke bruges. Hver dags tider skal følge efter hinanden med en pause imellem, gul skal komme før rød, og en forklaring er på højst 500 tegn.",
    settings_changed:
      "En kollega har ændret indstillingerne imens. Luk vinduet, og åbn det igen for at se dem, som de er nu.",
    queue_changed: "Køen har ændret sig. Se på listen igen, før du lukker.",
    room_closed: "Venteværelset er lukket. Prøv igen, når det er åbent.",
    already_queued: "Du står allerede i kø hos klinikken eller er i en konsultation.",
    wrong_state:
      "Det kunne ikke lade sig gøre: der er sket noget siden. Se, hvordan det står nu, og prøv igen.",
    not_found: "Det findes ikke længere, eller du har ikke adgang til det.",
    not_logged_in: "Du er ikke længere logget ind. Log ind igen.",
    practitioner_not_chosen: "Vælg behandler, før du fortsætter.",
    fields_invalid: "Noget af det, du har skrevet, kan ikke bruges her. Ret det, og prøv igen.",
    too_large: "Det er for langt. Gør det kortere, og prøv igen.",
    internal: "Der skete en fejl på serveren. Prøv igen om lidt.",
    origin_refused: "Anmodningen kom fra en fremmed side og blev afvist. Genindlæs siden.",
    timeout: "Serveren svarede ikke i tide. Se, om det er sket, og prøv ellers igen.",
    unreachable: "Der er ingen forbindelse til serveren. Se efter, om du er på nettet, og prøv igen.",
  } as Record<string, string>,
  incident: (number: string) => `Fejlnummer: ${number}`,
  statuses: {
    401: "Du er ikke længere logget ind. Log ind igen.",
    413: "Det er for langt. Gør det kortere, og prøv igen.",
    429: "Der er prøvet for mange gange. Vent et øjeblik, og prøv igen.",
    500: "Der skete en fejl på serveren. Prøv igen om lidt.",
    502: "Serveren er ikke klar. Prøv igen om lidt.",
    503: "Serveren er ikke klar. Prøv igen om lidt.",
  } as Record<number, string>,
  wrongState: {
    waiting: (name: string) => `${name} er lagt tilbage i køen.`,
    accepted: (name: string, by: string) => `${name} er allerede accepteret af ${by}.`,
    in_call: (name: string, by: string) => `${name} er allerede i videokonsultation med ${by}.`,
    ended: (name: string) => `Konsultationen med ${name} er allerede afsluttet.`,
    rejected: (name: string) => `${name} er allerede afvist.`,
    left: (name: string) => `${name} har forladt køen.`,
    someone: "en kollega",
  },
};

export type Texts = typeof da;
