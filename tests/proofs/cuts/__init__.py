"""Every cut: the main job, stopped at each point where a process can die, and begun anew."""
