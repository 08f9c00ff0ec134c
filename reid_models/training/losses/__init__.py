"""What training brings down, each loss a function of arrays with its source."""
