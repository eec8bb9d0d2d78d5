// Submits a customer with a signed request. Go 1.18 or later, standard library only.
//
//	go run sign.go credentials.json customer.json
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

const path = "/participants/customers/new"

type credentials struct {
	BaseURL    string `json:"base_url"`
	APIKey     string `json:"api_key"`
	Secret     string `json:"secret"`
	Passphrase string `json:"passphrase"`
}

// sign covers timestamp, method, target and body, with nothing between them.
func sign(secret, timestamp, method, target string, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		return "", err
	}
	if len(body) == 0 {
		body = []byte("{}")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(timestamp + method + target))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

func submit(credentialsFile, bodyFile string) (int, string, error) {
	text, err := os.ReadFile(credentialsFile)
	if err != nil {
		return 0, "", err
	}
	var own credentials
	if err := json.Unmarshal(text, &own); err != nil {
		return 0, "", err
	}
	body, err := os.ReadFile(bodyFile) // bytes: what is signed is what is sent
	if err != nil {
		return 0, "", err
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10) // whole seconds
	signature, err := sign(own.Secret, timestamp, http.MethodPost, path, body)
	if err != nil {
		return 0, "", err
	}
	request, err := http.NewRequest(http.MethodPost, own.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-NDAX-API-KEY", own.APIKey)
	request.Header.Set("X-NDAX-SIGNED", signature)
	request.Header.Set("X-NDAX-TIMESTAMP", timestamp)
	request.Header.Set("X-NDAX-PASSPHRASE", own.Passphrase)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, string(answer), err
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: go run sign.go CREDENTIALS BODY")
		os.Exit(2)
	}
	status, answer, err := submit(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	fmt.Println(status)
	fmt.Println(answer)
	if status != http.StatusOK {
		os.Exit(1)
	}
}
