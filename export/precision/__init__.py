"""Networks in half precision and in 8 bits, each as one file that every runtime takes."""
