@rem Scripts in package.json begin with `exec`, so that no shell stands between npm and the program: it would pass no signals on.
@rem Windows' shell has no such word. It looks here first, and has this run what follows.
@%*
