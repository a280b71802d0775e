# The rows of promise_by_day.sql in R: Rscript promise_by_day.R RUN_FOLDER prints them as CSV.
library(DBI)

folder <- commandArgs(trailingOnly = TRUE)[1]
run <- dbConnect(RSQLite::SQLite(), file.path(folder, "run.sqlite"), flags = RSQLite::SQLITE_RO)
due <- dbReadTable(run, "on_time_due")
day <- dbReadTable(run, "day")
service <- dbReadTable(run, "service")
carrier <- dbReadTable(run, "carrier")
dbDisconnect(run)

rows <- subset(due, definition == "promise" & role == "retailer")
rows <- merge(rows, day, by.x = "due_day", by.y = "day")
rows <- merge(rows, service[c("service_id", "carrier_id")], by = "service_id")
rows <- merge(rows, data.frame(carrier_id = carrier$carrier_id, carrier = carrier$name), by = "carrier_id")
rows <- aggregate(cbind(kept, broken) ~ date + carrier, data = rows, FUN = sum)
rows$due <- rows$kept + rows$broken
rows <- rows[rows$due > 0, ]
rows$rate <- round(rows$kept / rows$due, 4)
rows <- rows[order(rows$date, rows$carrier, method = "radix"), c("date", "carrier", "kept", "due", "rate")]
write.csv(rows, row.names = FALSE, quote = FALSE)
