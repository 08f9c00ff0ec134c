// Where pages get what they show: a run that is over, with all of it in the page.

export function frozenSource(data) {
  const persons = new Map(data.persons.map((person) => [person.id, person]));
  const sightings = new Map();
  const ofPerson = new Map();
  for (const [camera, session, track, start, end, person, box] of data.sightings) {
    const line = { id: `${camera}/${session}/${track}`, camera, track, start, end, is_open: false, person: who(person), box };
    sightings.set(line.id, line);
    if (!ofPerson.has(person)) ofPerson.set(person, []);
    ofPerson.get(person).push(line);
  }
  const decisions = new Map(data.decisions.map((decision) => [decision.id, decision]));
  const newest = [...data.decisions].sort((a, b) => b.at - a.at);
  const lastFirst = [...data.persons].sort((a, b) => b.end - a.end);

  function who(id) {
    const found = persons.get(id);
    if (found) return { id, name: found.name, colour: found.colour };
    return data.gone[id] ?? { id, name: id.slice(0, 4), colour: "#969696" };
  }

  function whole(decision) {
    const found = { ...decision, person: who(decision.person), seen: sighting(decision.seen) };
    if (decision.other) found.other = who(decision.other);
    if (decision.seen_before) found.seen_before = sighting(decision.seen_before);
    if (decision.runners_up) {
      found.runners_up = decision.runners_up.map((each) => {
        const last = ofPerson.get(each.person)?.at(-1) ?? null;
        return { ...each, person: each.person ? who(each.person) : null, sighting: last };
      });
    }
    return found;
  }

  function sighting(id) {
    const [camera, , track] = id.split("/");
    return sightings.get(id) ?? { id, camera, track: Number(track), start: 0, end: 0, is_open: false, person: null };
  }

  const overlaps = (question, start, end) =>
    !(question.since && end < question.since) && !(question.until && start > question.until);

  const page = (items, question, shape = (each) => each) => {
    const offset = question.offset ?? 0;
    return { total: items.length, items: items.slice(offset, offset + (question.limit ?? 100)).map(shape) };
  };

  return {
    isFrozen: true,
    site: async () => data.site,
    cameras: async () => data.cameras,
    persons: async (question) =>
      page(
        lastFirst.filter(
          (person) =>
            (!question.id || person.id.startsWith(question.id)) &&
            (!question.several || person.cameras.length > 1) &&
            (question.here === undefined || question.here === "" || !question.here) &&
            person.stays.some(
              ([camera, start, end]) => (!question.camera || camera === question.camera) && overlaps(question, start, end),
            ),
        ),
        question,
      ),
    person: async (id) => {
      const found = persons.get(id);
      if (!found) throw new Error("nobody here has that id");
      const about = newest.filter((each) => each.person === id || each.other === id).map(whole);
      return { ...found, sightings: ofPerson.get(id) ?? [], decisions: about.reverse() };
    },
    decisions: async (question) =>
      page(
        newest.filter((each) => {
          if (question.kind && each.kind !== question.kind) return false;
          if (question.person && each.person !== question.person && each.other !== question.person) return false;
          const seen = sighting(each.seen);
          const before = each.seen_before ? sighting(each.seen_before) : null;
          if (question.camera && seen.camera !== question.camera && before?.camera !== question.camera) return false;
          return overlaps(question, seen.start, seen.end);
        }),
        question,
        whole,
      ),
    decision: async (id) => {
      const found = decisions.get(id);
      if (!found) throw new Error("there is no such decision");
      return whole(found);
    },
    sightings: async (question) => page([...sightings.values()].filter((each) => !question.camera || each.camera === question.camera), question),
    health: async () => data.health,
    verdicts: async () => [],
    audit: async () => [],
    crop: (id) => data.crops[id] ?? null,
    moments: () => null,
    frame: () => null,
    moment: (camera, time) => {
      const video = data.videos[camera];
      return video ? `${video.href}#t=${Math.max(0, time - video.start).toFixed(1)}` : null;
    },
    alike: async (id) => {
      const person = sighting(id).person;
      return (data.alike[person?.id] ?? []).map(([other, similarity]) => ({
        similarity,
        person: who(other),
        sighting: ofPerson.get(other)?.at(-1),
      }));
    },
    alikePicture: null,
    say: null,
    erase: null,
    listen: () => () => {},
  };
}
