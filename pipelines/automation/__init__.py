"""What starts runs by itself: jobs, schedules, sensors."""
