/** First names that give questions of one template different texts. */
export const PEOPLE = [
  "Ada", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hana", "Ivo", "Jana", "Kai", "Lena", "Mira", "Nils", "Olga",
  "Paul", "Rosa", "Sam", "Tara", "Udo", "Vera", "Wim", "Yara", "Zoe",
]; // prettier-ignore
