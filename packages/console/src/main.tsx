/** The console begins here. */
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "./api/calls.ts";
import { beginSession } from "./api/session.ts";
import { router } from "./routes.tsx";
import { beginPreferences } from "./shell/preferences.ts";

beginSession();
beginPreferences();
const root = document.querySelector("#console");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
