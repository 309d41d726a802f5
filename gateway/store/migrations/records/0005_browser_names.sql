-- A proof gives a browser a new name everywhere at once.
create index challenges_browser_alone on challenges (browser);
create index browsers_browser on browsers (browser);
