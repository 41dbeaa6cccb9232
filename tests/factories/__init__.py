"""What tests build their cases from: records, runs, images, models, and the programs that they run against."""
