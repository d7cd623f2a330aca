/** Closed word lists that decide how a word beside a number is read. */

const list = (words: string): ReadonlySet<string> => new Set(words.split(" "));

/** Units that convert into one another: sides in different ones are not compared. Single letters keep their case. */
export const measures = list(
  "m s g h l t N J W V A K C F L cm mm km nm µm um meter metre kilometer kilometre centimeter centimetre millimeter " +
    "millimetre mile inch foot feet ft yard yd mi sec second ms min minute hr hour day week month year kg mg µg gram " +
    "kilogram ton tonne lb pound oz ounce ml liter litre milliliter millilitre gallon quart pint cup pa kpa atm hz ev mev " +
    "kev kj mol mole mmol °c °f ° degree radian rad newton joule watt volt ampere ohm kelvin pascal cent dollar euro penny " +
    "quarter dime nickel kmh mph rpm",
);

/** A word of this list ends the arithmetic before it. */
export const connectives = list(
  "and or so then thus hence therefore but is are was were be been being the a an that this these those which because " +
    "since if when where while with without from into onto at as we you i it he she they have has had gives give gave get " +
    "gets makes make leaving left remaining for in on to by than not also let would will can must should who whose their " +
    "his her its our your my all each every after before during until per-cent satisfies holds means implies yields",
);

/** After a number these change its value in a way that is not evaluated: "4 times the width", "3 more than". */
export const modifiers = list(
  "more less fewer times percent fold half third plus minus over modulo mod choose squared cubed pi",
);

/** Before a number these apply to it or to what follows: "sin 30", "half of 6", "sum of 3 and 4". */
export const functions = list(
  "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln lg exp sqrt root square cube half third quarter " +
    "twice double triple sum product difference quotient ratio average mean median mode max min gcd lcm factorial plus " +
    "minus times over by mod modulo choose percent remainder det lim",
);

/** A number after one of these opens a statement: "since 5 > 3". */
export const openers = list("since because so thus hence therefore then that but as if");

/** Said before a number without changing it. */
export const hedges = list("about approximately roughly around exactly only just nearly almost simply");

export const scales: ReadonlyMap<string, readonly [bigint, bigint]> = new Map([
  ["percent", [1n, 100n]],
  ["dozen", [12n, 1n]],
  ["hundred", [100n, 1n]],
  ["thousand", [1000n, 1n]],
  ["million", [1_000_000n, 1n]],
  ["billion", [1_000_000_000n, 1n]],
]);

export const wordOperators: ReadonlyMap<string, "+" | "-" | "*" | "/"> = new Map([
  ["x", "*"],
  ["X", "*"],
  ["times", "*"],
  ["plus", "+"],
  ["minus", "-"],
]);

/** Between a name and its value: "the length is 4". */
export const copulas = list("is are was were equals");

/** Carry no meaning in the name of a quantity. */
export const nameless = list(
  "the a an of so thus hence therefore then that this these those it its there here we get have and or but with where let " +
    "value number amount count which what result total sum answer in for to now since because if when as given say shows " +
    "show has bar column row entry at by from also not only step choice option case question figure table final",
);

export const numberWords: ReadonlyMap<string, number> = new Map(
  "zero one two three four five six seven eight nine ten eleven twelve".split(" ").map((word, i) => [word, i]),
);
