package logging

import "log/slog"

func init() { slog.SetDefault(slog.New(New(slog.LevelDebug))) }
