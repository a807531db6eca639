"""Which combinations of patterns a string of a given form can match, each with an example.

A set of patterns runs as one automaton whose state is an integer: bit *i* is set when *i* symbols of the
(concatenated) patterns can have been consumed. A :class:`Grammar` describes the strings that exist (ARNs,
mail addresses, …). :func:`explore` walks both together; every set of *groups* of patterns that some string
matches comes out once, with the shortest such string: two strings in one class look the same to the policies.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from sesreport.policy.patterns import MANY, ONE, Pattern, Wildcard


class Budget(Exception):  # noqa: N818 - a bound that was reached, not a fault
    """The policies need more work than the engine spends on them; ``keys`` are the ones that ask for it."""

    def __init__(self, message: str, keys: tuple[str, ...] = ()):
        super().__init__(message)
        self.keys = keys


class Text(NamedTuple):
    """One pattern to match: ``fold`` ignores case, ``fielded`` keeps wildcards between an ARN's colons."""

    pattern: Pattern
    fold: bool = False
    fielded: bool = False


Groups = tuple[tuple[Text, ...], ...]


@dataclass(frozen=True, slots=True)
class Automaton:
    """Groups of patterns, compiled. ``alphabet`` holds the characters that the patterns tell apart."""

    start: int
    alphabet: frozenset[str]
    moves: dict[str, int]
    other_moves: int
    loops: int
    colon_loops: int
    colon_moves: int
    finals: tuple[int, ...]
    merges: tuple[tuple[int, int, int], ...]
    merging: int

    def step(self, state: int, character: str) -> int:
        """The state after one more character; positions with the same patterns ahead are kept as one bit."""
        if character == ":":
            after = ((state & self.colon_moves) << 1) | (state & self.colon_loops)
        else:
            after = ((state & self.moves.get(character, self.other_moves)) << 1) | (state & self.loops)
        if after & self.merging:
            for alike, cleared, kept in self.merges:
                if after & alike:
                    after = (after & ~cleared) | kept
        return after

    def run(self, state: int, text: str) -> int:
        """The state after all of ``text``."""
        for character in text:
            state = self.step(state, character)
        return state

    def matters(self, character: str) -> int:
        """The states in which a character does not do what any character outside the alphabet does."""
        if character == ":":
            return (self.colon_moves ^ self.other_moves) | (self.colon_loops ^ self.loops)
        return self.moves.get(character, self.other_moves) ^ self.other_moves

    def accepted(self, state: int) -> int:
        """Bit *g* is set when group *g* has a pattern that matches the text read so far."""
        vector = 0
        for group, final in enumerate(self.finals):
            if state & final:
                vector |= 1 << group
        return vector


@lru_cache(2048)
def compile_groups(groups: Groups) -> Automaton:
    """Build the automaton of several groups of patterns."""
    moves: dict[str, int] = {}
    start = ones = ones_any = loops = loops_any = position = 0
    finals: list[int] = []
    merges: list[tuple[int, int, int]] = []
    for group in groups:
        first, final = position, 0
        resting: dict[tuple[bool | str | Wildcard, ...], int] = {}
        for text in group:
            start |= 1 << position
            field = 0
            symbols = tuple(_symbols(text.pattern))
            for index, symbol in enumerate(symbols):
                bit = 1 << position
                crosses = not text.fielded or field >= 5
                if symbol == MANY:
                    loops |= bit
                    if crosses:
                        loops_any |= bit
                        ahead: tuple[bool | str | Wildcard, ...] = (text.fold, *symbols[index + 1 :])
                        resting[ahead] = resting.get(ahead, 0) | bit
                    continue
                if symbol == ONE:
                    ones |= bit
                    ones_any |= bit if crosses else 0
                else:
                    assert isinstance(symbol, str)
                    for character in (
                        {c for c in (symbol.lower(), symbol.upper(), symbol) if len(c) == 1} if text.fold else (symbol,)
                    ):
                        moves[character] = moves.get(character, 0) | bit
                    field += symbol == ":"
                position += 1
            final |= 1 << position
            position += 1
        whole = (1 << position) - (1 << first)
        for rest, alike in resting.items():
            if len(rest) == 1:  # nothing ahead: the group matches whatever follows
                merges.append((alike, whole, alike & -alike))
            elif alike & (alike - 1):
                merges.append((alike, alike, alike & -alike))
        finals.append(final)
    merging = 0
    for alike, _, _ in merges:
        merging |= alike
    return Automaton(
        start,
        frozenset(moves) | ({":"} if ones != ones_any or loops != loops_any else set()),
        {character: mask | ones for character, mask in moves.items()},
        ones,
        loops,
        loops_any,
        moves.get(":", 0) | ones_any,
        tuple(finals),
        tuple(sorted(merges, key=lambda merge: merge[1] != merge[0])),
        merging,
    )


def _symbols(pattern: Pattern) -> Iterable[str | Wildcard]:
    for piece in pattern:
        if isinstance(piece, Wildcard):
            yield piece
        else:
            assert isinstance(piece, str), "variables are resolved before compiling"
            yield from piece


class Edge(NamedTuple):
    """From one grammar state to the next on any character of ``characters``.

    Bit *i* of ``reads`` tells whether automaton *i* sees the character.
    """

    characters: frozenset[str]
    target: int
    reads: int = 1


@dataclass(frozen=True, slots=True)
class Grammar:
    """A nondeterministic automaton over characters; state 0 is the start."""

    edges: tuple[tuple[Edge, ...], ...]
    final: frozenset[int]


def literal_then(text: str, rest: Sequence[Sequence[Edge]], final: Iterable[int], reads: int = 1) -> Grammar:
    """A fixed text, then the states of ``rest`` (numbered from 0 there)."""
    size = len(text)
    edges = [(Edge(frozenset(character), index + 1, reads),) for index, character in enumerate(text)]
    moved = [tuple(edge._replace(target=edge.target + size) for edge in state) for state in rest]
    return Grammar(tuple(edges + moved), frozenset(state + size for state in final))


class Found(NamedTuple):
    """A class of strings: which groups each automaton accepts, and per automaton the text it read."""

    accepted: tuple[int, ...]
    texts: tuple[str, ...]


#: Characters a witness is made of where nothing else is asked for, most wanted first.
_PLAIN = "zqxjkvwybdfghlmnprstcaeiou9876543210-"


def representatives(characters: frozenset[str], alphabet: frozenset[str]) -> tuple[str, ...]:
    """One character of each kind the automata can tell apart, plain ones first."""
    told_apart = sorted(characters & alphabet)
    rest = characters - alphabet
    if rest:
        plain = next((character for character in _PLAIN if character in rest), None)
        told_apart.insert(0, plain if plain is not None else min(rest))
    return tuple(told_apart)


#: How many states :func:`explore` visits.
MAX_STATES = 4_000


@lru_cache(4096)
def explore(automata: tuple[Groups, ...], grammar: Grammar, most: int = 256) -> tuple[Found, ...]:
    """Every class of strings of ``grammar`` that ``automata`` tell apart.

    Raises :class:`Budget` past :data:`MAX_STATES` states or ``most`` classes.
    """
    machines = [compile_groups(groups) for groups in automata]
    alphabet = frozenset().union(*(machine.alphabet for machine in machines))
    moves = [[(edge, _Steps(machines, edge, alphabet)) for edge in state] for state in grammar.edges]
    first = (0, *(machine.start for machine in machines))
    came: dict[State, tuple[State, str, int] | None] = {first: None}
    found: dict[tuple[int, ...], State] = {}
    queue = deque([first])
    while queue:
        state = queue.popleft()
        if state[0] in grammar.final:
            vector = tuple(machine.accepted(state[i + 1]) for i, machine in enumerate(machines))
            found.setdefault(vector, state)
            if len(found) > most:
                raise Budget(f"more than {most:,} kinds of values")
        inner = state[1:]
        for edge, steps in moves[state[0]]:
            for character, step in steps.at(inner):
                after = (edge.target, *step(inner))
                if after not in came:
                    came[after] = (state, character, edge.reads)
                    queue.append(after)
        if len(came) > MAX_STATES:
            raise Budget(f"more than {MAX_STATES:,} states")
    return tuple(Found(vector, _texts(came, state, len(machines))) for vector, state in found.items())


State = tuple[int, ...]
_Step = Callable[[State], State]


class _Steps:
    """The characters of one edge, each with what it does to the states of the automata.

    In most states most characters do what any other does: they are left out there, but for one of them.
    """

    def __init__(self, machines: list[Automaton], edge: Edge, alphabet: frozenset[str]):
        characters = representatives(edge.characters, alphabet)
        self.all = [(character, _stepper(machines, edge.reads, character)) for character in characters]
        read = [(index, machine) for index, machine in enumerate(machines) if edge.reads >> index & 1]
        self.matter = [[(index, machine.matters(c)) for index, machine in read] for c in characters]
        self.single = read[0][0] if len(read) == 1 else None
        self.masks = [mask[0][1] for mask in self.matter] if self.single is not None else []

    def at(self, states: State) -> list[tuple[str, _Step]]:
        """The steps to try in a state of the automata: of the characters that are alike there, the first."""
        if self.single is not None:
            state = states[self.single]
            some = [one for one, mask in zip(self.all, self.masks, strict=True) if state & mask]
            if len(some) == len(self.all):
                return some
            return [next(one for one, mask in zip(self.all, self.masks, strict=True) if not state & mask), *some]
        kept: list[tuple[str, _Step]] = []
        other = None
        for one, masks in zip(self.all, self.matter, strict=True):
            for index, mask in masks:
                if states[index] & mask:
                    kept.append(one)
                    break
            else:
                other = other or one
        return kept if other is None else [other, *kept]


def _stepper(machines: list[Automaton], reads: int, character: str) -> Callable[[State], State]:
    """What one character does to the states of the automata that read it, with its masks looked up once."""
    singles = [_single(machine, character) if reads >> index & 1 else None for index, machine in enumerate(machines)]
    if len(singles) == 1 and singles[0] is not None:
        only = singles[0]
        return lambda states: (only(states[0]),)
    return lambda states: tuple(
        [state if single is None else single(state) for single, state in zip(singles, states, strict=True)]
    )


def _single(machine: Automaton, character: str) -> Callable[[int], int]:
    if character == ":":
        moves, loops = machine.colon_moves, machine.colon_loops
    else:
        moves, loops = machine.moves.get(character, machine.other_moves), machine.loops
    merging, merges = machine.merging, machine.merges
    if not merging:
        return lambda state: ((state & moves) << 1) | (state & loops)

    def step(state: int) -> int:
        after = ((state & moves) << 1) | (state & loops)
        if after & merging:
            for alike, cleared, kept in merges:
                if after & alike:
                    after = (after & ~cleared) | kept
        return after

    return step


def _texts(came: dict[State, tuple[State, str, int] | None], state: State, count: int) -> tuple[str, ...]:
    steps: list[tuple[str, int]] = []
    previous = came[state]
    while previous is not None:
        steps.append((previous[1], previous[2]))
        previous = came[previous[0]]
    steps.reverse()
    return tuple("".join(character for character, reads in steps if reads >> i & 1) for i in range(count))
