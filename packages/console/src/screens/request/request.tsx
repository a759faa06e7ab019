/** One request on a screen of its own, for an address that is shared. */
import { Link, getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { RequestView } from "./request-view.tsx";

const route = getRouteApi("/requests/$id");

export function Request(): ReactNode {
  const { id } = route.useParams();
  return (
    <RequestView
      id={id}
      actions={
        <Link to="/activity" className="button">
          Activity
        </Link>
      }
    />
  );
}
