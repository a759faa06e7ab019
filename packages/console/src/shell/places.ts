/** The screens, in the order of the navigation. */
interface Place {
  readonly to: string;
  readonly label: string;
  /** Pressed after `g`. */
  readonly key: string;
  readonly isLab?: true;
}

interface PlaceGroup {
  readonly title: string;
  readonly places: readonly Place[];
}

export const PLACES: readonly PlaceGroup[] = [
  {
    title: "Watch",
    places: [
      { to: "/activity", label: "Activity", key: "a" },
      { to: "/usage", label: "Usage map", key: "m" },
      { to: "/revenue", label: "Revenue", key: "v" },
      { to: "/reports", label: "Reports", key: "o" },
    ],
  },
  {
    title: "Catalogue",
    places: [
      { to: "/products", label: "Products", key: "p" },
      { to: "/agreements", label: "Agreements", key: "g" },
      { to: "/customers", label: "Customers", key: "c" },
      { to: "/accounts", label: "Accounts and keys", key: "k" },
    ],
  },
  {
    title: "Lab",
    places: [
      { to: "/clock", label: "Clock", key: "t", isLab: true },
      { to: "/faults", label: "Faults", key: "f", isLab: true },
      { to: "/buyer", label: "Buyer", key: "b", isLab: true },
    ],
  },
  {
    title: "Ledger",
    places: [
      { to: "/resources", label: "Resources", key: "r" },
      { to: "/audit", label: "Audit", key: "u" },
      { to: "/server", label: "Server", key: "s" },
    ],
  },
];

export const allPlaces: readonly Place[] = PLACES.flatMap(({ places }) => places);
