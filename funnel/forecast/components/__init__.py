"""What a forecast is made of: open leads, new leads, their hazards by age, arrivals, the rhythm of days."""
